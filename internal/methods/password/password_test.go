package password

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"avain/internal/core/people"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/platform/browsersession"
	"avain/internal/platform/mail"
	"avain/internal/platform/passhash"
	"avain/internal/platform/web"
	"avain/internal/secret"
)

const good = "a long and honest password"

var (
	start    = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	errStore = errors.New("the database does not answer")
)

// world is the feature over one person with a password.
type world struct {
	*testing.T
	mux     *http.ServeMux
	letters *Letters
	failing map[string]error

	tries      []people.Try
	forgotten  []string
	recognised []people.Place
	set        []string // passwords
	ended      []string // why sessions of the person were
	audited    []int64  // with how many sessions ended
	entered    bool
	refused    int
	sent       []mail.Message
	to         people.Addressee
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, failing: map[string]error{}, to: people.Addressee{Address: "aino@example.fi", Locale: "fi", Name: "Aino"}}
	base := &url.URL{Scheme: "https", Host: "login.example"}
	kit, err := web.New(web.Config{BaseURL: base, Brand: web.Brand{Name: "SmartumPay", Help: "/help/login"}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := New(Deps{
		People: w, Sessions: w, Audit: w, Browsers: browsersession.New(base), Devices: browsersession.NewDevice(base), Web: kit,
		Now: func() time.Time { return start }, Rules: passhash.Rules{MinLength: 12}, App: "SmartumPay", SignIn: "/me",
		Limit: func(context.Context) error { return w.failing["limit"] },
		Admit: func(context.Context) error { return w.failing["admit"] },
		Enter: func(w2 http.ResponseWriter, _ *http.Request, _ login.Person) error {
			w.entered = true
			return web.SeeOther(w2, "/me")
		},
		Refused: func(*http.Request, error) (login.Attempt, error) {
			w.refused++
			return login.Attempt{SupportCode: "ABC-DEF"}, w.failing["refused"]
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.letters = NewLetters(LetterDeps{People: w, Sender: w, BaseURL: base.String()})
	w.mux = http.NewServeMux()
	f.Mount(w.mux)
	return w
}

func (w *world) CheckPassword(_ context.Context, t people.Try) (login.Person, error) {
	w.tries = append(w.tries, t)
	if t.Name != "aino" || t.Password.Reveal() != good {
		return login.Person{}, fault.New(fault.Unauthenticated, login.ReasonPasswordWrong, nil)
	}
	return login.Person{ID: "person"}, w.failing["check"]
}

func (w *world) Recognise(_ context.Context, _ string, at people.Place) error {
	w.recognised = append(w.recognised, at)
	return nil
}

func (w *world) ForgotPassword(_ context.Context, name string) error {
	w.forgotten = append(w.forgotten, name)
	return w.failing["forgot"]
}

func (w *world) ResetOf(_ context.Context, ticket secret.Text) (login.Credential, login.Person, error) {
	if ticket.Reveal() != "ticket" {
		return login.Credential{}, login.Person{}, fault.New(fault.Gone, login.ReasonResetExpired, nil)
	}
	return login.Credential{Person: "person", Email: "aino@example.fi"}, login.Person{Name: "Aino Virtanen"}, w.failing["reset"]
}

func (w *world) SetPassword(ctx context.Context, _, password secret.Text, also func(context.Context, login.Credential) error) (login.Credential, error) {
	c := login.Credential{Person: "person"}
	if err := also(ctx, c); err != nil {
		return c, err
	}
	w.set = append(w.set, password.Reveal())
	return c, nil
}

func (w *world) RevokeSessionsOfPerson(_ context.Context, _, reason string, _ time.Time) (int64, error) {
	w.ended = append(w.ended, reason)
	return 3, w.failing["revoke"]
}

func (w *world) PasswordSet(_ context.Context, _ string, sessions int64) {
	w.audited = append(w.audited, sessions)
}

func (w *world) AddresseeOf(context.Context, string) (people.Addressee, error) {
	return w.to, w.failing["addressee"]
}

func (*world) ResetTicket(r people.ResetJob) secret.Text { return secret.Of(r.Reset) }

func (w *world) Send(_ context.Context, m mail.Message) error {
	w.sent = append(w.sent, m)
	return w.failing["send"]
}

// submit sends a form from a browser that has been here.
func (w *world) submit(path string, form ...string) *httptest.ResponseRecorder {
	w.Helper()
	set := httptest.NewRecorder()
	browsersession.New(&url.URL{Scheme: "https", Host: "login.example"}).Set(set, secret.New())
	return w.visit(http.MethodPost, path, set.Result().Cookies(), form...) //nolint:bodyclose // of a recorder
}

func (w *world) visit(method, path string, cookies []*http.Cookie, form ...string) *httptest.ResponseRecorder {
	w.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	r := httptest.NewRequestWithContext(w.Context(), method, path, strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range cookies {
		r.AddCookie(c)
	}
	answer := httptest.NewRecorder()
	w.mux.ServeHTTP(answer, r)
	return answer
}

func cookieOf(answer *httptest.ResponseRecorder) string {
	return answer.Header().Get("Set-Cookie")
}

func TestRightPasswordLetsIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if page := w.visit(http.MethodGet, signInPath, nil); page.Code != 200 || cookieOf(page) == "" {
		t.Errorf("the page: %d, cookie %q", page.Code, cookieOf(page))
	}
	answer := w.submit(signInPath, "username", "aino", "password", good)
	if !w.entered || answer.Code != http.StatusSeeOther || w.refused != 0 || cookieOf(answer) == "" {
		t.Errorf("%d, entered %t, device %q", answer.Code, w.entered, cookieOf(answer))
	}
}

// A wrong password is told with a code for support and the way in that is always there.
func TestWrongPasswordIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	answer := w.submit(signInPath, "username", "aino", "password", "wrong")
	if body := answer.Body.String(); w.entered || w.refused != 1 || !strings.Contains(body, "ABC-DEF") || !strings.Contains(body, `value="aino"`) || strings.Contains(body, "wrong\"") {
		t.Errorf("%d, refused %d: %s", answer.Code, w.refused, body)
	}
	if cookieOf(answer) != "" {
		t.Error("a browser in which nobody got in is remembered")
	}
	w.failing["check"] = fault.New(fault.Forbidden, login.ReasonStrongRequired, nil)
	if answer := w.submit(signInPath, "username", "aino", "password", good); w.entered || w.refused != 2 || !strings.Contains(answer.Body.String(), `action="/me/login"`) {
		t.Errorf("strong only: %d", answer.Code)
	}
	for reason, status := range map[login.Reason]int{login.ReasonRateLimited: 429, login.ReasonPersonLocked: 403} {
		w.failing["check"] = fault.New(map[int]fault.Kind{429: fault.TooMany, 403: fault.Forbidden}[status], reason, nil)
		if answer := w.submit(signInPath, "username", "aino", "password", good); answer.Code != status || w.refused != 2 {
			t.Errorf("%s: %d, written down %d times", reason, answer.Code, w.refused)
		}
	}
	delete(w.failing, "check")
	w.failing["refused"] = errStore
	if answer := w.submit(signInPath, "username", "aino", "password", "wrong"); answer.Code != 500 {
		t.Errorf("what cannot be written down: %d", answer.Code)
	}
}

func TestNoPasswordIsLookedAtBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if answer := w.visit(http.MethodPost, signInPath, nil, "username", "aino", "password", good); answer.Code != 400 {
		t.Errorf("without a cookie: %d", answer.Code)
	}
	w.failing["admit"] = fault.New(fault.Unavailable, login.ReasonMeansUnavailable, nil)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if answer := w.visit(method, signInPath, nil); answer.Code != 503 {
			t.Errorf("switched off, %s: %d", method, answer.Code)
		}
	}
	if len(w.tries) != 0 {
		t.Errorf("%d passwords were looked at", len(w.tries))
	}
}

// What is longer than any name or password is nobody's, and costs no hash of it.
func TestTooLongIsNobodys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		name, password int
		looked         bool
	}{
		{people.MaxUserName, passhash.MaxBytes, true}, {people.MaxUserName + 1, 1, false}, {1, passhash.MaxBytes + 1, false},
	} {
		w.tries = nil
		w.submit(signInPath, "username", strings.Repeat("a", c.name), "password", strings.Repeat("b", c.password))
		if len(w.tries) != 1 || (len(w.tries[0].Name) == c.name && len(w.tries[0].Password.Reveal()) == c.password) != c.looked {
			t.Errorf("%+v", c)
		}
	}
}

// Who has an account with us is nobody's business: every name has the same answer.
func TestForgottenPasswordsTellNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	known, unknown := w.submit(forgotPath, "username", "aino"), w.submit(forgotPath, "username", "nobody")
	said := func(answer *httptest.ResponseRecorder) string { // the code for support is another one each time
		return regexp.MustCompile(`[A-Z0-9]{3}-[A-Z0-9]{3}`).ReplaceAllString(answer.Body.String(), "")
	}
	if known.Code != 200 || said(known) != said(unknown) || strings.Join(w.forgotten, " ") != "aino nobody" {
		t.Errorf("%d and %d, asked for %v", known.Code, unknown.Code, w.forgotten)
	}
	for name, status := range map[string]int{"": 422, " ": 422, strings.Repeat("a", people.MaxUserName+1): 422, strings.Repeat("a", people.MaxUserName): 200} {
		if answer := w.submit(forgotPath, "username", name); answer.Code != status {
			t.Errorf("a name of %d letters: %d", len(name), answer.Code)
		}
	}
	if page := w.visit(http.MethodGet, forgotPath, nil); page.Code != 200 || len(w.forgotten) != 3 {
		t.Errorf("%d, %d letters", page.Code, len(w.forgotten))
	}
	w.failing["forgot"] = errStore
	if answer := w.submit(forgotPath, "username", "aino"); answer.Code != 500 {
		t.Errorf("nothing is ordered: %d", answer.Code)
	}
	w.failing["limit"], w.forgotten = fault.New(fault.TooMany, login.ReasonRateLimited, nil), nil
	if answer := w.submit(forgotPath, "username", "aino"); answer.Code != 429 || len(w.forgotten) != 0 {
		t.Errorf("too many: %d", answer.Code)
	}
}

func TestNewPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if page := w.visit(http.MethodGet, NewPath(secret.Of("ticket")), nil); page.Code != 200 || !strings.Contains(page.Body.String(), "aino@example.fi") {
		t.Errorf("the page: %d", page.Code)
	}
	// A weak one spends nothing, and keeps what was chosen.
	for _, weak := range []string{"too short", "aino@example.fi", "Aino Virtanen"} {
		if answer := w.submit(newPath+"ticket", "password", weak, "logout", "1"); answer.Code != 422 || len(w.set) != 0 || len(w.ended) != 0 {
			t.Errorf("%s: %d, set %v", weak, answer.Code, w.set)
		}
	}
	stays := w.submit(newPath+"ticket", "password", good)
	if stays.Code != 200 || len(w.set) != 1 || w.set[0] != good || len(w.ended) != 0 || w.audited[0] != 0 || len(w.recognised) != 1 || cookieOf(stays) == "" {
		t.Errorf("devices stay: %d, ended %v, written down %v", stays.Code, w.ended, w.audited)
	}
	out := w.submit(newPath+"ticket", "password", good, "logout", "1")
	if out.Code != 200 || len(w.ended) != 1 || w.ended[0] != "password_set" || w.audited[1] != 3 {
		t.Errorf("devices are logged out: %d, ended %v, written down %v", out.Code, w.ended, w.audited)
	}
	w.failing["revoke"], w.set = errStore, nil
	if answer := w.submit(newPath+"ticket", "password", good, "logout", "1"); answer.Code != 500 || len(w.set) != 0 {
		t.Errorf("devices could not be logged out: %d, set %v", answer.Code, w.set)
	}
	w.failing["limit"] = fault.New(fault.TooMany, login.ReasonRateLimited, nil)
	if answer := w.submit(newPath+"ticket", "password", good); answer.Code != 429 || len(w.set) != 0 {
		t.Errorf("too many: %d", answer.Code)
	}
	delete(w.failing, "limit")
	for _, answer := range []*httptest.ResponseRecorder{w.submit(newPath+"spent", "password", good), w.visit(http.MethodGet, newPath+"spent", nil)} {
		if answer.Code != http.StatusGone || len(w.set) != 0 || !strings.Contains(answer.Body.String(), forgotPath) {
			t.Errorf("a ticket that is spent: %d", answer.Code)
		}
	}
}

func TestPeopleAreNamedAsTheyLogIn(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]login.Credential{"aino": {UserName: "aino", Email: "a@example.fi"}, "a@example.fi": {Email: "a@example.fi"}} {
		if got := nameOf(c); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestLetterWithTheLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	job := queue.Job{ID: "job", Payload: []byte(`{"credential":"c","reset":"ticket"}`), CreatedAt: start}
	if err := w.letters.reset(t.Context(), job); err != nil || len(w.sent) != 1 {
		t.Fatalf("%v, sent %v", err, w.sent)
	}
	data, ok := w.sent[0].Data.(mail.PasswordReset)
	if !ok || data.Link != "https://login.example/password/new/ticket" || !data.ValidUntil.Equal(start.Add(people.ResetLife)) || w.sent[0].ID != "ticket" || w.sent[0].To != w.to.Address {
		t.Errorf("%+v", w.sent[0])
	}
	spent := job
	spent.Payload = []byte(`{"credential":"c","reset":"spent"}`)
	if err := w.letters.reset(t.Context(), spent); err != nil || len(w.sent) != 1 {
		t.Errorf("a link that was used meanwhile: %v, sent %d", err, len(w.sent))
	}
	w.failing["reset"] = errStore
	if err := w.letters.reset(t.Context(), job); !errors.Is(err, errStore) || len(w.sent) != 1 {
		t.Errorf("nothing is known: %v", err)
	}
}

func TestLetterAfterAChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	job := queue.Job{ID: "job", Payload: []byte(`{"credential":"c"}`), CreatedAt: start}
	if err := w.letters.changed(t.Context(), job); err != nil || len(w.sent) != 1 || w.sent[0].ID != "job" {
		t.Fatalf("%v, sent %v", err, w.sent)
	}
	if data, ok := w.sent[0].Data.(mail.PasswordChanged); !ok || data.Link != "https://login.example/password/forgot" || !data.At.Equal(start) {
		t.Errorf("%+v", w.sent[0])
	}
}

func TestLettersThatAreNotSent(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]func(w *world, j queue.Job) error{
		"reset":   func(w *world, j queue.Job) error { return w.letters.reset(t.Context(), j) },
		"changed": func(w *world, j queue.Job) error { return w.letters.changed(t.Context(), j) },
	} {
		job := queue.Job{Payload: []byte(`{"credential":"c","reset":"ticket"}`)}
		w := newWorld(t)
		w.failing["send"] = errStore
		if err := send(w, job); !errors.Is(err, errStore) || len(w.sent) != 1 {
			t.Errorf("%s, the mail server is away: %v", name, err)
		}
		w = newWorld(t)
		w.failing["send"] = mail.ErrMessage
		if err := send(w, job); err == nil || errors.Is(err, errStore) {
			t.Errorf("%s, the letter is refused for good: %v", name, err)
		}
		w = newWorld(t)
		w.to.Address = ""
		if err := send(w, job); err != nil || len(w.sent) != 0 {
			t.Errorf("%s, nobody to write to: %v", name, err)
		}
		w.failing["addressee"] = errStore
		if err := send(w, job); !errors.Is(err, errStore) {
			t.Errorf("%s, whom to write to is not known: %v", name, err)
		}
		if err := send(w, queue.Job{Payload: []byte("x")}); err == nil || len(w.sent) != 0 {
			t.Errorf("%s, no order: %v", name, err)
		}
	}
}
