package server_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/secret"
	"avain/internal/testkit/demo"
	"avain/internal/testkit/patience"
	"avain/internal/testkit/robot"
)

// handset is a phone on which somebody is logged in.
type handset struct {
	*rig
	app    *robot.App
	tokens robot.Tokens
}

// handset logs somebody in on a phone of their own.
func (r *rig) handset(user string) handset {
	r.Helper()
	r.app, r.browser = r.phone()
	l := r.start()
	page := r.press(r.open(l), "kuikka", user, "Vahvista")
	tokens, err := r.app.Finish(r.Context(), l, page.App)
	if err != nil {
		r.Fatal(err)
	}
	return handset{r, r.app, tokens}
}

// devices lists what the phone sees, this one first.
func (h handset) devices() robot.Devices {
	h.Helper()
	all, err := h.app.Devices(h.Context(), h.tokens.AccessToken)
	if err != nil {
		h.Fatal(err)
	}
	if len(all.Devices) == 0 || !all.Devices[0].Current {
		h.Fatalf("this phone is not the first: %+v", all)
	}
	for _, other := range all.Devices[1:] {
		if other.Current {
			h.Errorf("two phones are this one: %+v", all)
		}
	}
	return all
}

// in reports whether the phone's tokens still open something.
func (h handset) in() bool {
	h.Helper()
	_, err := h.app.UserInfo(h.Context(), h.tokens.AccessToken)
	_, err2 := h.app.Refresh(h.Context(), h.tokens.RefreshToken)
	if (err == nil) != (err2 == nil) {
		h.Errorf("half logged in: %v, %v", err, err2)
	}
	return err == nil
}

func (h handset) act(path string) error {
	return h.app.DeviceAct(h.Context(), h.tokens.AccessToken, path)
}

func TestDevicesAreListedAndLoggedOut(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one, two, three := r.handset("aino"), r.handset("aino"), r.handset("aino")
	stranger := r.handset("eero")
	list := one.devices()
	if len(list.Devices) != 3 || list.PausedUntil != "" {
		t.Fatalf("%+v", list)
	}
	for _, d := range list.Devices {
		if d.Name != "Robot" || d.Client != "SmartumPay" || d.Method != "direct" || d.Web || !strings.HasSuffix(d.LoggedInAt, "Z") || d.LastUsedAt == "" || !login.ValidID(d.ID) {
			t.Errorf("%+v", d)
		}
	}
	// One, by another; it may be told twice.
	id := two.devices().Devices[0].ID
	for range 2 {
		if err := one.act("/" + id + "/logout"); err != nil {
			t.Fatal(err)
		}
	}
	if two.in() || !one.in() || !three.in() || !stranger.in() {
		t.Errorf("in: %v %v %v, stranger %v", one.in(), two.in(), three.in(), stranger.in())
	}
	// Itself, like any other.
	if err := three.act("/" + three.devices().Devices[0].ID + "/logout"); err != nil {
		t.Fatal(err)
	}
	if three.in() || len(one.devices().Devices) != 1 {
		t.Error("a phone cannot log itself out")
	}
	// All the others.
	two, three = r.handset("aino"), r.handset("aino")
	if err := one.act("/logout"); err != nil {
		t.Fatal(err)
	}
	if !one.in() || two.in() || three.in() || !stranger.in() || len(one.devices().Devices) != 1 {
		t.Errorf("in: %v %v %v, stranger %v", one.in(), two.in(), three.in(), stranger.in())
	}
}

// The web's session is in the list, and the web shows the phones.
func TestDevicesOnTheWeb(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one, two := r.handset("aino"), r.handset("aino")
	_, r.browser = r.phone()
	page := r.at(r.Service + "/me/devices") // as the letter's link: leads to the sign-in and back
	page = r.press(page, "Kirjaudu", "kuikka", "aino", "Vahvista")
	if !strings.HasSuffix(page.URL, "/me/devices") || strings.Count(page.Body, "Tämä en ollut minä</button>") != 2 || !strings.Contains(page.Body, "Selain") {
		t.Fatalf("%s: %s", page.URL, page.Body)
	}
	list := one.devices()
	if len(list.Devices) != 3 || !list.Devices[1].Web && !list.Devices[2].Web {
		t.Errorf("the browser is not in the list: %+v", list)
	}
	id := two.devices().Devices[0].ID
	page, err := r.browser.Submit(t.Context(), r.Service+"/me/devices/"+id+"/logout", url.Values{})
	if err != nil || !strings.Contains(page.Body, "Laite on kirjattu ulos.") || two.in() || !one.in() {
		t.Errorf("%v, %s", err, page.Body)
	}
	// The phone ends the browser's session; the next click asks to sign in.
	if err := one.act("/logout"); err != nil {
		t.Fatal(err)
	}
	if again := r.at(r.Service + "/me/devices"); strings.HasSuffix(again.URL, "/me/devices") {
		t.Errorf("still signed in: %s", again.Body)
	}
	if status, _, header := r.send(http.MethodPost, "/me/devices/logout", url.Values{}, nil); status != http.StatusSeeOther || !strings.HasPrefix(header.Get("Location"), "/me") || !one.in() {
		t.Errorf("without a sign-in: %d, %v", status, header)
	}
}

// "This wasn't me": the device is out at its next call, link and QR code are paused for
// a day, and the bank still lets the person in.
func TestNotMePausesLinkAndQR(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	mine, theirs := r.handset("aino"), r.handset("aino")
	id := theirs.devices().Devices[0].ID
	r.app, r.browser = r.phone()
	open := r.showQR()
	scanned := r.scan(open)
	if err := mine.act("/" + id + "/not-me"); err != nil {
		t.Fatal(err)
	}
	r.number(open, scanned.Match)
	if _, err := r.app.CollectAndRedeem(t.Context(), scanned); reason(err) != login.ReasonMethodsPaused {
		t.Errorf("a code that was scanned before: %v", err)
	}
	if theirs.in() || !mine.in() {
		t.Fatal("the wrong one is out")
	}
	until, err := time.Parse(time.RFC3339, mine.devices().PausedUntil)
	if left := until.Sub(r.clock.now()); err != nil || left > 24*time.Hour || left < 24*time.Hour-time.Minute {
		t.Fatalf("paused for %v, %v", left, err)
	}
	paused := func() {
		t.Helper()
		r.app, r.browser = r.phone()
		l := r.link(r.Service + "/return")
		r.mustTell(r.press(r.walkLink(l), "Vahvista kirjautuminen"), l.SupportCode)
		if a := r.attempt(l.SupportCode); a.State != login.StateDenied || a.Reason != login.ReasonMethodsPaused {
			t.Errorf("link: %s, %s", a.State, a.Reason)
		}
		page := r.press(r.signIn(), "Näytä QR-koodi")
		r.mustTell(page, "tauolla")
		if page.Status != http.StatusForbidden {
			t.Errorf("QR code: %d", page.Status)
		}
	}
	paused()
	if !r.handset("aino").in() {
		t.Error("the bank does not let the person in")
	}
	r.clock.pass(23*time.Hour + 50*time.Minute)
	paused()
	r.clock.pass(11 * time.Minute)
	r.app, r.browser = r.phone()
	l := r.link(r.Service + "/return")
	if page := r.press(r.walkLink(l), "Vahvista kirjautuminen"); page.Status != http.StatusOK {
		t.Errorf("a day later: %d %s", page.Status, page.Body)
	}
	page := r.showQR()
	s := r.scan(page)
	r.number(page, s.Match)
	if _, err := r.app.CollectAndRedeem(t.Context(), s); err != nil {
		t.Errorf("a day later: %v", err)
	}
}

// A letter tells of each login in an app, with the page where it can be ended.
func TestNewLoginIsToldByMail(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.withPassword("hilma", demo.Password)
	r.Inside.Jobs.Wake()
	ctx, cancel := patience.Within(t.Context())
	defer cancel()
	all, err := r.Mailbox.Wait(ctx, "hilma@example.com", 1)
	if err != nil {
		t.Fatal(err)
	}
	if m := all[0]; len(m.Links) == 0 || m.Links[0] != r.Service+"/me/devices" || !strings.Contains(m.Text, "Robot") || !strings.Contains(m.Text, "Smartum-tunnuks") {
		t.Errorf("%v\n%s", m.Links, m.Text)
	}
	r.onWeb("hilma", demo.Password) // a browser at our own pages for a few minutes: no letter
	r.handset("hilma")
	r.Inside.Jobs.Wake()
	if all, err = r.Mailbox.Wait(ctx, "hilma@example.com", 2); err != nil || len(all) != 2 || !strings.Contains(all[1].Text, "erkkopank") {
		t.Errorf("%d letters, %v: %s", len(all), err, all[len(all)-1].Text)
	}
}

// Whose session an id names is nobody else's business: another's, one that never was
// and one that is no id get the same answer (threat 26), and nothing ends.
func TestThreat26ForeignDevicesAreUnknown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	victim, thief := r.handset("aino"), r.handset("eero")
	id := victim.devices().Devices[0].ID
	for _, act := range []string{"/logout", "/not-me"} {
		answers := map[string]robot.Refusal{}
		for name, handle := range map[string]string{"foreign": id, "made up": login.NewID(), "no id": "x", "long": strings.Repeat("a", 500)} {
			answers[name] = refusal(thief.act("/" + handle + act))
		}
		for name, got := range answers {
			if want := answers["foreign"]; got.Status != http.StatusNotFound || got.Code != want.Code || got.Reason != want.Reason || got.Description != want.Description {
				t.Errorf("%s %s: %+v", name, act, got)
			}
		}
		_, r.browser = r.phone()
		r.press(r.at(r.Service+"/me"), "Kirjaudu", "kuikka", "eero", "Vahvista")
		pages := map[string]string{}
		for name, handle := range map[string]string{"foreign": id, "made up": login.NewID()} {
			page, err := r.browser.Submit(t.Context(), r.Service+"/me/devices/"+handle+act, url.Values{})
			if err != nil || page.Status != http.StatusNotFound {
				t.Fatalf("%s: %v, %d", name, err, page.Status)
			}
			pages[name] = supportCode.ReplaceAllString(page.Body, "")
		}
		if pages["foreign"] != pages["made up"] {
			t.Error("the pages differ")
		}
	}
	if !victim.in() || r.person("aino").PausedUntil.After(r.clock.now()) {
		t.Error("a stranger has ended somebody's session")
	}
}

// Only the app whose token it is may call, from its own origin, with its own key.
func TestDevicesNeedTheAppsOwnToken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	h := r.handset("aino")
	thief, _ := r.phone()
	for name, err := range map[string]error{
		"another key": func() error { _, err := thief.Devices(t.Context(), h.tokens.AccessToken); return err }(),
		"no token":    func() error { _, err := h.app.Devices(t.Context(), ""); return err }(),
		"a refresh token": func() error {
			_, err := h.app.Devices(t.Context(), h.tokens.RefreshToken)
			return err
		}(),
	} {
		if refused, ok := errors.AsType[*robot.Refusal](err); !ok || refused.Status != http.StatusUnauthorized {
			t.Errorf("%s: %v", name, err)
		}
	}
	ask := func(origin, path, method string) http.Header {
		t.Helper()
		_, _, header := r.send(http.MethodOptions, path, nil, http.Header{
			"Origin": {origin}, "Access-Control-Request-Method": {method}, "Access-Control-Request-Headers": {"authorization,dpop"},
		})
		return header
	}
	for path, method := range map[string]string{"/devices": "GET", "/devices/logout": "POST", "/devices/x/logout": "POST", "/devices/x/not-me": "POST"} {
		if got := ask(r.App, path, method); got.Get("Access-Control-Allow-Origin") != r.App || !strings.Contains(got.Get("Access-Control-Allow-Methods"), method) ||
			!strings.Contains(strings.ToLower(got.Get("Access-Control-Allow-Headers")), "dpop") {
			t.Errorf("%s: the app may not call: %v", path, got)
		}
		if got := ask("https://evil.example", path, method); got.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: anybody may call: %v", path, got)
		}
	}
	if status, _, _ := r.send(http.MethodGet, "/devices/logout", nil, nil); status != http.StatusMethodNotAllowed && status != http.StatusNotFound {
		t.Errorf("GET logs out: %d", status)
	}
}

// Two records that turned out to be one human share one list.
func TestJoinedRecordsShareTheirDevices(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.employer("Merituuli Oy")
	// A Smartum user whose code nobody knows, logged in with a password.
	hash, err := r.Inside.People.HashPassword(t.Context(), secret.Of(demo.Password))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Inside.People.AddSmartum(t.Context(), hetu.Code{}, login.Person{GivenName: "Sofia", Name: "Sofia", Locale: "fi"}, "sofia.old", hash); err != nil {
		t.Fatal(err)
	}
	r.app, r.browser = r.phone()
	old := handset{r, r.app, r.withPassword("sofia.old", demo.Password)}
	c, err := r.Inside.Store.People.CredentialByName(t.Context(), "sofia.old")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = r.invite(e, "sofia@example.com", func(m *employment.Employment) { m.Person = c.Person })
	_, link := r.letter("sofia@example.com", 1)
	_, r.browser = r.phone()
	r.activate(link, "sofia")
	fresh := r.handset("sofia")
	list := fresh.devices()
	// The phone, and the browser that activated for the other record. What the password had
	// begun ended there (threat 42).
	if len(list.Devices) != 2 || old.in() {
		t.Fatalf("%+v, old phone in: %v", list, old.in())
	}
	if err := fresh.act("/logout"); err != nil {
		t.Fatal(err)
	}
	if old.in() || !fresh.in() {
		t.Errorf("old in: %v, fresh in: %v", old.in(), fresh.in())
	}
}
