package devices

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/platform/mail"
	"avain/internal/platform/web"
)

var (
	start    = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	errStore = errors.New("the database does not answer")
)

// world is the feature over the sessions of two people. It is the first one who asks, from
// the session "own".
type world struct {
	*testing.T
	mux      *http.ServeMux
	letters  *Letters
	own      string
	ids      map[string]string // of the sessions, by what they are called here
	sessions map[string]login.Session
	person   login.Person
	signed   bool
	failing  map[string]error

	revoked, audited []string // "session why"
	paused           time.Time
	disowned         time.Time
	sent             []mail.Message
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		T: t, ids: map[string]string{}, sessions: map[string]login.Session{}, failing: map[string]error{}, signed: true,
		person: login.Person{ID: "aino", GivenName: "Aino", Email: "aino@example.fi", Locale: "fi"},
	}
	w.add("own", "aino", time.Hour, func(*login.Session) {})
	w.add("older", "aino", 3*time.Hour, func(*login.Session) {})
	w.add("newer", "aino", 2*time.Hour, func(s *login.Session) { s.Client = login.WebClient })
	w.add("merged", "aino, before", 4*time.Hour, func(*login.Session) {}) // a record of the same human
	w.add("idle", "aino", time.Minute, func(s *login.Session) { s.IdleUntil = start })
	w.add("out", "aino", time.Minute, func(s *login.Session) { s.RevokedAt = start })
	w.add("strange", "väinö", time.Minute, func(*login.Session) {})
	w.own = w.ids["own"]
	kit, err := web.New(web.Config{BaseURL: &url.URL{Scheme: "https", Host: "login.example"}, Brand: web.Brand{Name: "SmartumPay", Help: "/help/login"}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := New(Deps{
		Sessions: w, People: w, Audit: w, Web: kit, Now: func() time.Time { return start }, Origins: func(string) bool { return false },
		Client: func(id string) string { return "app " + id },
		Signed: func(http.ResponseWriter, *http.Request, bool) (login.Session, login.Person, bool, error) {
			return w.sessions[w.own], w.person, w.signed, w.failing["signed"]
		},
		Holder: func(http.ResponseWriter, *http.Request) (login.Session, login.Person, error) {
			return w.sessions[w.own], w.person, w.failing["holder"]
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.letters = NewLetters(LetterDeps{Sessions: w, People: w, Sender: w, BaseURL: "https://login.example"})
	w.mux = http.NewServeMux()
	f.Mount(w.mux)
	return w
}

// add puts a session into the table that was used so long ago.
func (w *world) add(name, person string, ago time.Duration, edit func(*login.Session)) {
	s := login.Session{
		ID: login.NewID(), Person: person, Client: "smartumpay", Method: login.MethodDirect, Device: login.Device{Name: name, Model: name + " 9"},
		CreatedAt: start.Add(-24 * time.Hour), UsedAt: start.Add(-ago), IdleUntil: start.Add(time.Hour), EndsAt: start.Add(time.Hour),
	}
	edit(&s)
	w.ids[name], w.sessions[s.ID] = s.ID, s
}

func (w *world) SessionByID(_ context.Context, id string) (login.Session, error) {
	s, ok := w.sessions[id]
	if !ok {
		return s, fault.ErrNotFound
	}
	return s, w.failing["session"]
}

func (w *world) SessionsOfPerson(_ context.Context, person string) (all []login.Session, err error) {
	for _, s := range w.sessions {
		if strings.HasPrefix(s.Person, person) {
			all = append(all, s)
		}
	}
	return all, w.failing["sessions"]
}

func (w *world) RevokeSession(_ context.Context, id, reason string, _ time.Time) error {
	w.revoked = append(w.revoked, w.sessions[id].Device.Name+" "+reason)
	return w.failing["revoke"]
}

func (w *world) PersonByID(_ context.Context, id string) (login.Person, error) {
	if strings.HasPrefix(id, "aino") {
		return w.person, w.failing["person"]
	}
	return login.Person{ID: id}, w.failing["person"]
}

func (w *world) PausePerson(_ context.Context, _ string, until, _ time.Time) error {
	w.paused = until
	return w.failing["pause"]
}

func (w *world) Atomically(ctx context.Context, act func(context.Context) error) error {
	return act(ctx)
}

func (w *world) SessionRevoked(_ context.Context, s login.Session, reason string) {
	w.audited = append(w.audited, s.Device.Name+" "+reason)
}

func (w *world) LoginDisowned(_ context.Context, _ login.Session, until time.Time) {
	w.disowned = until
}

func (w *world) Send(_ context.Context, m mail.Message) error {
	w.sent = append(w.sent, m)
	return w.failing["send"]
}

func (w *world) visit(method, path string) *httptest.ResponseRecorder {
	w.Helper()
	answer := httptest.NewRecorder()
	w.mux.ServeHTTP(answer, httptest.NewRequestWithContext(w.Context(), method, path, http.NoBody))
	return answer
}

// The device that asks comes first, then the one that was used last; what has ended is gone.
func TestListOfDevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var list struct {
		Devices []entry
		Paused  *time.Time `json:"alternative_methods_paused_until"`
	}
	if err := json.Unmarshal(w.visit(http.MethodGet, "/devices").Body.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range list.Devices {
		names = append(names, d.Name)
		if d.Current != (d.Name == "own") || d.Web != (d.Name == "newer") || !strings.HasPrefix(d.Client, "app ") {
			t.Errorf("%+v", d)
		}
	}
	if !slices.Equal(names, []string{"own", "newer", "older", "merged"}) || list.Paused != nil {
		t.Errorf("%v, paused until %v", names, list.Paused)
	}
	page := w.visit(http.MethodGet, Path).Body.String()
	at := -1
	for _, name := range names {
		next := strings.Index(page, ">"+name)
		if next < at {
			t.Errorf("%s stands before the one before it", name)
		}
		at = next
	}
	if strings.Contains(page, "strange") || strings.Contains(page, "idle 9") {
		t.Errorf("the page shows more: %s", page)
	}
}

// A pause is told until it is over.
func TestPauseIsTold(t *testing.T) {
	t.Parallel()
	for until, told := range map[time.Time]bool{start: false, start.Add(time.Nanosecond): true, {}: false} {
		w := newWorld(t)
		w.person.PausedUntil = until
		if got := strings.Contains(w.visit(http.MethodGet, "/devices").Body.String(), "paused_until"); got != told {
			t.Errorf("%s: told %t", until, got)
		}
		plain := newWorld(t).visit(http.MethodGet, Path).Body.Len()
		if got := w.visit(http.MethodGet, Path).Body.Len() > plain; got != told {
			t.Errorf("%s: the page tells it: %t", until, got)
		}
	}
}

// Threat 26: a device of somebody else looks like none.
func TestThreat26OnlyOwnDevicesAreEnded(t *testing.T) {
	t.Parallel()
	for _, act := range []string{"logout", "not-me"} {
		for name, fine := range map[string]bool{"older": true, "merged": true, "own": true, "strange": false, "gone": false, "no id": false} {
			w := newWorld(t)
			w.ids["gone"], w.ids["no id"] = login.NewID(), "x"
			app := w.visit(http.MethodPost, "/devices/"+w.ids[name]+"/"+act)
			page := w.visit(http.MethodPost, Path+"/"+w.ids[name]+"/"+act)
			if !fine && (app.Code != 404 || page.Code != 404 || len(w.revoked)+len(w.audited) != 0) {
				t.Errorf("%s of %s: %d and %d, revoked %v", act, name, app.Code, page.Code, w.revoked)
			}
			want := name + map[string]string{"logout": " logged_out_elsewhere", "not-me": " not_me"}[act]
			if fine && (app.Code >= 300 || page.Code != 303 || !slices.Equal(w.revoked, []string{want, want}) || !slices.Equal(w.audited, w.revoked)) {
				t.Errorf("%s of %s: %d and %d, revoked %v, written down %v", act, name, app.Code, page.Code, w.revoked, w.audited)
			}
		}
		w := newWorld(t)
		w.failing["person"] = errStore
		if app := w.visit(http.MethodPost, "/devices/"+w.ids["older"]+"/"+act); app.Code < 400 || len(w.revoked) != 0 {
			t.Errorf("%s, whose it is cannot be found out: %d", act, app.Code)
		}
	}
}

// "This wasn't me" also pauses the ways in by which somebody can be led: for a day.
func TestDisownedLoginPausesTheOtherWays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	answer := w.visit(http.MethodPost, "/devices/"+w.ids["out"]+"/not-me") // that is out already
	if tomorrow := start.Add(24 * time.Hour); answer.Code != 200 || !w.paused.Equal(tomorrow) || !w.disowned.Equal(tomorrow) || !strings.Contains(answer.Body.String(), "2026-11-23T12:00:00Z") {
		t.Errorf("%d %s, paused until %s", answer.Code, answer.Body, w.paused)
	}
	if len(w.revoked)+len(w.audited) != 0 {
		t.Errorf("what is out already was logged out again: %v", w.revoked)
	}
	for _, broken := range []string{"revoke", "pause"} {
		w := newWorld(t)
		w.failing[broken] = errStore
		if answer := w.visit(http.MethodPost, "/devices/"+w.ids["older"]+"/not-me"); answer.Code != 500 || broken == "revoke" && !w.paused.IsZero() {
			t.Errorf("%s: %d", broken, answer.Code)
		}
	}
}

func TestAllOthersAreLoggedOut(t *testing.T) {
	t.Parallel()
	for path, status := range map[string]int{"/devices/logout": 204, Path + "/logout": 303} {
		w := newWorld(t)
		answer := w.visit(http.MethodPost, path)
		want := []string{"newer logged_out_elsewhere", "older logged_out_elsewhere", "merged logged_out_elsewhere"}
		if answer.Code != status || !slices.Equal(w.revoked, want) || !slices.Equal(w.audited, want) {
			t.Errorf("%s: %d, revoked %v, written down %v", path, answer.Code, w.revoked, w.audited)
		}
		for _, broken := range []string{"sessions", "revoke"} {
			w := newWorld(t)
			w.failing[broken] = errStore
			if answer := w.visit(http.MethodPost, path); answer.Code != 500 || len(w.revoked) > 1 {
				t.Errorf("%s, %s: %d, revoked %v", path, broken, answer.Code, w.revoked)
			}
		}
	}
}

func TestStrangersAreSentToSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pages := map[string]string{Path: http.MethodGet, Path + "/logout": http.MethodPost, Path + "/" + w.ids["older"] + "/logout": http.MethodPost}
	w.signed, w.own = false, ""
	for path, method := range pages {
		if answer := w.visit(method, path); answer.Code != 303 || answer.Header().Get("Location") != "/me?next=devices" {
			t.Errorf("%s: %d to %s", path, answer.Code, answer.Header().Get("Location"))
		}
	}
	w.failing["signed"], w.failing["holder"] = errStore, fault.New(fault.Unauthenticated, login.ReasonTokenInvalid, nil)
	for path, method := range pages {
		if answer := w.visit(method, path); answer.Code != 500 {
			t.Errorf("%s, nothing is known: %d", path, answer.Code)
		}
	}
	for path, method := range map[string]string{"/devices": http.MethodGet, "/devices/logout": http.MethodPost, "/devices/" + w.ids["older"] + "/logout": http.MethodPost} {
		if answer := w.visit(method, path); answer.Code != 401 {
			t.Errorf("%s without a token: %d", path, answer.Code)
		}
	}
	if len(w.revoked) != 0 {
		t.Errorf("revoked %v", w.revoked)
	}
}

// Only words of ours come from an address into the page.
func TestOnlyOurWordsAreShown(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{"out": "out", "all": "all", "notme": "notme", "": "", "<b>": "", "in": ""} {
		if got := done(word); got != want {
			t.Errorf("%q is shown as %q", word, got)
		}
	}
	d := (&Feature{d: Deps{Client: func(string) string { return "" }}}).device(login.Session{Device: login.Device{Name: "Pixel 9", Model: "Pixel 9"}}, login.Session{ID: "x"})
	if d.Model != "" || d.Name != "Pixel 9" || d.Current {
		t.Errorf("a name that is the model is told once: %+v", d)
	}
	if n := (DevicesPage{Devices: []Device{{Current: true}, {}, {}}}).Others(); n != 2 {
		t.Errorf("%d others", n)
	}
}

func TestLetterAboutANewLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if jobs := NewLogin(login.Session{Client: login.WebClient}); len(jobs) != 0 {
		t.Errorf("a letter about our own pages: %v", jobs)
	}
	s := w.sessions[w.ids["older"]]
	ordered := NewLogin(s)
	if len(ordered) != 1 || ordered[0].Kind != JobNewLogin || ordered[0].Key != s.ID || !ordered[0].At.Equal(s.CreatedAt) {
		t.Fatalf("%+v", ordered)
	}
	if err := w.letters.newLogin(t.Context(), ordered[0]); err != nil || len(w.sent) != 1 {
		t.Fatalf("%v, %v", err, w.sent)
	}
	if data, ok := w.sent[0].Data.(mail.NewLogin); !ok || w.sent[0].To != w.person.Email || w.sent[0].ID != s.ID || data.Link != "https://login.example/me/devices" || !data.At.Equal(s.CreatedAt) {
		t.Errorf("%+v", w.sent[0])
	}
	w.failing["send"] = errStore
	if err := w.letters.newLogin(t.Context(), ordered[0]); !errors.Is(err, errStore) {
		t.Errorf("the mail server is away: %v", err)
	}
	w.failing["send"] = mail.ErrMessage
	if err := w.letters.newLogin(t.Context(), ordered[0]); err == nil {
		t.Error("a letter that is refused for good counts as sent")
	}
	w.sent = nil
	for name, prepare := range map[string]func() (queue.Job, error){
		"nobody to write to":  func() (queue.Job, error) { w.person.Email = ""; return ordered[0], nil },
		"the person is away":  func() (queue.Job, error) { w.failing["person"] = errStore; return ordered[0], errStore },
		"the session is away": func() (queue.Job, error) { w.failing["session"] = errStore; return ordered[0], errStore },
		"it has been purged":  func() (queue.Job, error) { return queue.Job{Payload: []byte(`{"session":"x"}`)}, nil },
	} {
		clear(w.failing)
		w.person.Email = "aino@example.fi"
		job, want := prepare()
		if err := w.letters.newLogin(t.Context(), job); !errors.Is(err, want) || len(w.sent) != 0 {
			t.Errorf("%s: %v, sent %d", name, err, len(w.sent))
		}
	}
	if err := w.letters.newLogin(t.Context(), queue.Job{Payload: []byte("x")}); err == nil {
		t.Error("a payload that cannot be read counts as done")
	}
}
