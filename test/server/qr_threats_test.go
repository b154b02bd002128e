package server_test

import (
	"errors"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/robot"
)

// Two keys scan one frame: neither gets tokens, and both screens and both phones are
// told why.
func TestThreat03TwoPhonesOnOneCode(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	page := r.showQR()
	frame := frameOn(t, page)
	thief, _ := r.phone()
	mine, err := r.app.Scan(t.Context(), frame)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := thief.Scan(t.Context(), frame); reason(err) != login.ReasonQRReused {
		t.Errorf("the second phone: %v", err)
	}
	if _, err := thief.Scan(t.Context(), frame); reason(err) != login.ReasonQRReused {
		t.Errorf("the second phone again: %v", err)
	}
	if status, err := r.app.Status(t.Context(), mine.Login, ""); err != nil || status.State != "burned" || status.Reason != "qr_reused" {
		t.Errorf("the first phone is told %+v, %v", status, err)
	}
	r.mustTell(r.seen(page), "Koodi skannattiin kahdella puhelimella", "Hae uusi koodi")
	if _, err := r.app.CollectAndRedeem(t.Context(), mine); reason(err) != login.ReasonQRReused {
		t.Errorf("the first phone gets %v", err)
	}
	if a := r.attempt(mine.SupportCode); a.State != login.StateBurned || !contains(reasonsOf(a), login.ReasonQRReused) {
		t.Errorf("%s, %v", a.State, reasonsOf(a))
	}
	if n := r.sessions(); n != 1 { // that of the page
		t.Errorf("%d sessions", n)
	}
	// The number was on the page already when the thief came: still nobody gets in.
	page = r.press(r.showQR())
	frame = frameOn(t, page)
	if mine, err = r.app.Scan(t.Context(), frame); err != nil {
		t.Fatal(err)
	}
	r.number(page, mine.Match)
	if _, err := thief.Scan(t.Context(), frame); reason(err) != login.ReasonQRReused {
		t.Errorf("after the approval: %v", err)
	}
	if _, err := r.app.CollectAndRedeem(t.Context(), mine); reason(err) != login.ReasonQRReused {
		t.Errorf("the approved phone gets %v", err)
	}
}

// onNetworks lets callers say where they are, as a proxy in front would.
func onNetworks(c *config.Config) {
	c.Public.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// from makes requests come from an address.
type from struct {
	address string
	through http.RoundTripper
}

func (f from) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", f.address)
	return f.through.RoundTrip(r)
}

// The victim sends the code to "support": the page shows a phone in another network,
// and the victim has no number to type. A wrong one burns.
func TestThreat04PhoneElsewhereIsShownAndWrongNumberBurns(t *testing.T) {
	t.Parallel()
	r := newRig(t, onNetworks)
	r.browser.HTTP.Transport = from{"192.0.2.7", r.browser.HTTP.Transport}
	base := r.app.HTTP.Transport
	for address, says := range map[string]string{
		"192.0.2.7": "Sama kuin tällä laitteella", "198.51.100.9": "Eri kuin tällä laitteella", "2001:db8::1": "Eri kuin tällä laitteella",
	} {
		r.app.HTTP.Transport = from{address, base}
		page := r.showQR()
		s := r.scan(page)
		if asks := r.seen(page); !strings.Contains(asks.Body, says) {
			t.Errorf("%s: the page does not say %q:\n%s", address, says, asks.Body)
		}
		r.mustTell(r.number(page, otherNumber(s.Match)), "Numero oli väärä", "Hae uusi koodi")
		if now := r.seen(page); !strings.Contains(now.Body, "Numero oli väärä") {
			t.Errorf("there is another try:\n%s", now.Body)
		}
		if status, err := r.app.Status(t.Context(), s.Login, ""); err != nil || status.State != "burned" || status.Reason != "qr_wrong_number" {
			t.Errorf("the phone is told %+v, %v", status, err)
		}
		if _, err := r.browser.Submit(t.Context(), page.URL+"/number", url.Values{"number": {s.Match}}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.app.CollectAndRedeem(t.Context(), s); reason(err) != login.ReasonQRWrongNumber {
			t.Errorf("the right number after a wrong one: %v", err)
		}
	}
	if n := r.sessions(); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

// Ten minutes after the person has authenticated no code is shown, whatever the web
// session is good for.
func TestThreat04CodeNeedsAFreshAuthentication(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	active := r.signIn()
	r.clock.pass(9 * time.Minute)
	page := r.press(active, "Näytä QR-koodi")
	if frameOn(t, page) == "" {
		t.Error("no code after nine minutes")
	}
	r.clock.pass(time.Minute)
	for name, ask := range map[string]func() robot.Page{
		"another code":   func() robot.Page { return r.press(active, "Näytä QR-koodi") },
		"a code to type": func() robot.Page { return r.press(page, "En voi skannata") },
	} {
		if again := ask(); again.Status != http.StatusForbidden || !strings.Contains(again.Body, "Tunnistaudu uudelleen") || strings.Contains(again.Body, "<svg") {
			t.Errorf("%s after ten minutes: %d\n%s", name, again.Status, again.Body)
		}
	}
	fresh := r.press(r.press(active, "Näytä QR-koodi"), append([]string{"Tunnistaudu uudelleen"}, bank...)...)
	if frameOn(t, r.press(fresh, "Näytä QR-koodi")) == "" {
		t.Error("no code after authenticating again")
	}
}

// Many at once, on both databases: of the phones that scan one code at most one gets in
// (and none, because there were several); of the numbers typed at once one counts; an
// approved login is redeemed once.
func TestThreat05QRRaces(t *testing.T) {
	t.Parallel()
	var ignored config.Config
	for name, changes := range map[string][]func(*config.Config){"sqlite": nil, "postgres": {onPostgres(t, &ignored)}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, append(changes, func(c *config.Config) {
				c.Limits.StartsPerKey.Count, c.Limits.StartsPerNetwork.Count = 10_000, 10_000
			})...)
			t.Run("claim", func(t *testing.T) { claimRace(t, r) })
			t.Run("approve", func(t *testing.T) { approvalRace(t, r) })
			t.Run("redeem", func(t *testing.T) { redeemRace(t, r) })
		})
	}
}

func claimRace(t *testing.T, r *rig) {
	page := r.showQR()
	frame := frameOn(t, page)
	var first, burned atomic.Int32
	var winner atomic.Pointer[robot.Scanned]
	var all sync.WaitGroup
	for range 12 {
		app, _ := r.phone()
		all.Go(func() {
			s, err := app.Scan(t.Context(), frame)
			switch {
			case err == nil:
				first.Add(1)
				winner.Store(&s)
			case reason(err) == login.ReasonQRReused:
				burned.Add(1)
			default:
				t.Errorf("a phone is told %v", err)
			}
		})
	}
	all.Wait()
	if first.Load() != 1 || burned.Load() != 11 {
		t.Fatalf("%d phones were first, %d came second", first.Load(), burned.Load())
	}
	if a := r.attempt(winner.Load().SupportCode); a.State != login.StateBurned {
		t.Errorf("the first phone's login is %s", a.State)
	}
}

func approvalRace(t *testing.T, r *rig) {
	for range 5 {
		page := r.showQR()
		s := r.scan(page)
		var all sync.WaitGroup
		for n := range 8 {
			number := s.Match
			if n%2 == 0 {
				number = otherNumber(s.Match)
			}
			all.Go(func() {
				if _, err := r.browser.Submit(t.Context(), page.URL+"/number", url.Values{"number": {number}}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		a := r.attempt(s.SupportCode)
		moves := 0
		for _, e := range a.Timeline {
			if e.Step == "approve" {
				moves++
			}
		}
		if moves != 1 || a.State != login.StateApproved && a.State != login.StateBurned {
			t.Errorf("%d numbers counted, the login is %s", moves, a.State)
		}
	}
}

func redeemRace(t *testing.T, r *rig) {
	page := r.showQR()
	s := r.scan(page)
	r.number(page, s.Match)
	before := r.sessions()
	var all sync.WaitGroup
	for range 12 {
		twin := *r.app
		all.Go(func() {
			_, err := twin.CollectAndRedeem(t.Context(), s)
			refusal, _ := errors.AsType[*robot.Refusal](err)
			if err != nil && (refusal == nil || refusal.Status >= 500) {
				t.Errorf("a phone is told %v", err)
			}
		})
	}
	all.Wait()
	if n := r.sessions() - before; n != 1 {
		t.Errorf("%d sessions", n)
	}
}

// A login by QR code stays what it is: its tokens say when and how the person proved
// who they are, and nothing that asks for a fresh authentication is satisfied by it.
func TestThreat12QRSessionIsNoStepUp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	page := r.showQR()
	proved := r.clock.now()
	r.clock.pass(90 * time.Second)
	s := r.scan(r.seen(page))
	r.number(page, s.Match)
	tokens, err := r.app.CollectAndRedeem(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	r.clock.pass(5 * time.Minute)
	if tokens, err = r.app.Refresh(t.Context(), tokens.RefreshToken); err != nil {
		t.Fatal(err)
	}
	claims := claimsOf(t, tokens.AccessToken)
	if at, _ := claims["auth_time"].(float64); int64(at) > proved.Unix() {
		t.Errorf("auth_time %v is after the authentication (%d)", claims["auth_time"], proved.Unix())
	}
	if amr, _ := claims["amr"].([]any); len(amr) == 0 || amr[len(amr)-1] != "qr" {
		t.Errorf("amr %v", amr)
	}
	// The session of the app opens none of the pages that show codes.
	for name, value := range map[string]string{"refresh token": tokens.RefreshToken, "access token": tokens.AccessToken, "auth session": s.AuthSession} {
		status, body, header := r.send(http.MethodPost, "/me/qr", url.Values{}, http.Header{"Cookie": {"avain-web=" + value}, "Sec-Fetch-Site": {"same-origin"}})
		if status != http.StatusSeeOther || header.Get("Location") != "/me" || strings.Contains(body, "<svg") {
			t.Errorf("%s: %d %s", name, status, header.Get("Location"))
		}
	}
}

// The code of B in the app of A: the phone says whose login it is before anything
// happens, and nothing does unless B's page and A's app both go on.
func TestThreat16PhoneSeesWhoseLoginItIs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	mine := r.login()
	victim := r.app
	_, r.browser = r.phone() // the attacker's computer
	r.signIn("eero")
	s := r.scan(r.showQR())
	if s.Name == "" || strings.HasPrefix(s.Name, "Aino") {
		t.Errorf("the phone is told %q", s.Name)
	}
	if claims, err := victim.UserInfo(t.Context(), mine.AccessToken); err != nil || claims["name"] != "Aino Maria Virtanen" {
		t.Errorf("a scan changed who is logged in: %v, %v", claims, err)
	}
	if _, err := victim.Refresh(t.Context(), mine.RefreshToken); err != nil {
		t.Errorf("a scan ended the session: %v", err)
	}
}

// What the system's camera or a link brings claims nothing: the payload is no address,
// and every address of ours only shows.
func TestThreat30NothingClaimsButTheApp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	page := r.showQR()
	frame := frameOn(t, page)
	if u, err := url.Parse(frame); !strings.HasPrefix(frame, "AVAIN1:") || err == nil && u.Host != "" {
		t.Errorf("the code is an address: %q", frame)
	}
	q := url.QueryEscape(frame)
	for _, path := range []string{
		"/authorize-challenge?client_id=smartumpay&qr=" + q, "/authorize?client_id=smartumpay&qr=" + q, "/login/" + q, "/l/" + q, "/me/qr/" + url.PathEscape(frame),
		"/open?qr=" + q, "/return?qr=" + q, "/me?qr=" + q, "/me/qr?qr=" + q, "/attempt-status?qr=" + q, "/" + url.PathEscape(frame),
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			if status, _, _ := r.send(method, path, nil, nil); status >= 500 {
				t.Errorf("%s %s: %d", method, path, status)
			}
		}
	}
	// In the URL of a POST it counts as little, and without the app's proof it counts nothing.
	for _, form := range []url.Values{{"client_id": {"smartumpay"}}, {"client_id": {"smartumpay"}, "qr": {frame}}} {
		if status, _, _ := r.post("/authorize-challenge?qr="+q, form); status < 400 {
			t.Errorf("a POST without a proof: %d", status)
		}
	}
	if frameOn(t, r.seen(page)) == "" {
		t.Error("the code has been claimed")
	}
}

// Whatever names a person — an address, a number, an identity code — starts nothing:
// no endpoint makes a login for it, and no broker is asked, so nobody's phone rings.
func TestThreat33NoLoginStartsFromAnIdentifier(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	identifiers := url.Values{}
	for name, value := range map[string]string{
		"login_hint": "aino@example.com", "username": "aino", "user": "aino", "email": "aino@example.com", "phone": "+358401234567", "msisdn": "+358401234567",
		"phone_number": "+358401234567", "hetu": "010190-900P", "personal_identity_code": "010190-900P", "sub": r.person("aino").Subject, "person": r.person("aino").ID,
		"login_hint_token": "aino", "id_token_hint": "aino", "binding_message": "hi", "user_code": "1234", "identifier": "aino",
	} {
		identifiers.Set(name, value)
	}
	base := url.Values{"client_id": {"smartumpay"}, "scope": {"openid"}, "response_type": {"code"}, "redirect_uri": {r.App + "/return"}}
	merge := func(forms ...url.Values) url.Values {
		all := url.Values{}
		for _, form := range forms {
			maps.Copy(all, form)
		}
		return all
	}
	before := r.running()
	for _, path := range []string{
		"/par", "/authorize", "/authorize-challenge", "/attempt-status", "/token", "/revoke", "/introspect", "/userinfo", "/logout", "/me", "/me/qr", // POST /me/login begins one for whoever is in front of the browser

		"/bc-authorize", "/backchannel-authentication", "/device_authorization", "/ciba", "/login", "/return", "/login-options", "/callback/op", "/callback/telia",
	} {
		for _, form := range []url.Values{identifiers, merge(base, identifiers)} {
			if status, body, _ := r.post(path, form); status >= 500 {
				t.Errorf("POST %s: %d %s", path, status, body)
			}
			if status, body, _ := r.send(http.MethodGet, path+"?"+form.Encode(), nil, nil); status >= 500 {
				t.Errorf("GET %s: %d %s", path, status, body)
			}
		}
	}
	for _, form := range []url.Values{identifiers, merge(base, identifiers)} {
		if err := r.app.Post(t.Context(), "/authorize-challenge", form, nil); err == nil {
			t.Error("the challenge endpoint takes an identifier from the app")
		}
	}
	if after := r.running(); after != before {
		t.Errorf("%d logins began", after-before)
	}
	for _, sim := range []*brokersim.Sim{r.OP, r.Telia} {
		for _, asked := range sim.Requests() {
			if asked.Endpoint == brokersim.CalledAuthorize {
				t.Errorf("a broker was asked: %+v", asked)
			}
		}
	}
	// What an app may start carries no hint to the broker: the person chooses.
	l, err := r.app.Start(t.Context(), identifiers)
	if err != nil {
		t.Fatal(err)
	}
	if a := r.attempt(l.SupportCode); a.Person != "" || a.State != login.StateCreated {
		t.Errorf("a login that begins with identifiers is %s, of %q", a.State, a.Person)
	}
}

// running counts the logins that are under way.
func (r *rig) running() int64 {
	r.Helper()
	n, err := r.Inside.Store.Attempts.RunningAttempts(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	return n
}

// The six classes of broken QR logins (Zhang et al., USENIX Security 2025): one test
// each.
func TestThreat36(t *testing.T) {
	t.Parallel()
	for name, class := range map[string]func(*testing.T, *rig){
		"unbound": unboundCodes, "reusable": reusableCodes, "long-lived": longLivedCodes,
		"unconfirmed": unconfirmedLogins, "leaked": leakedHandles, "guessable": guessableCodes,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			class(t, newRig(t))
		})
	}
}

// Unbound: a login that belongs to no phone could be fetched by anybody. Key and
// challenge are demanded, and what a claim answers works for that key only.
func unboundCodes(t *testing.T, r *rig) {
	page := r.showQR()
	frame := frameOn(t, page)
	l := robot.Login{Nonce: "n", Verifier: strings.Repeat("v", 43)}
	for name, extra := range map[string]url.Values{
		"no challenge":       {"code_challenge": {""}},
		"no method":          {"code_challenge_method": {""}},
		"plain":              {"code_challenge_method": {"plain"}},
		"a short challenge":  {"code_challenge": {"abc"}},
		"another client":     {"client_id": {"avain-web"}},
		"no client":          {"client_id": {""}},
		"no openid":          {"scope": {"profile"}},
		"a redirect":         {"redirect_uri": {r.App + "/return"}},
		"an old app":         {"app_version": {"1.15.0"}},
		"an app unversioned": {"app_version": {""}},
		"both kinds":         {"typed_code": {"0123456789"}},
	} {
		extra.Set("qr", frame)
		if _, err := r.app.Claim(t.Context(), l, extra); err == nil || code(err) == "insufficient_authorization" {
			t.Errorf("%s: %v", name, err)
		}
	}
	challenge := url.Values{"client_id": {"smartumpay"}, "qr": {frame}, "scope": {"openid"}, "code_challenge": {strings.Repeat("a", 43)}, "code_challenge_method": {"S256"}}
	if status, body, _ := r.post("/authorize-challenge", challenge); status != http.StatusBadRequest || strings.Contains(body, "approval_required") {
		t.Errorf("without a key: %d %s", status, body)
	}
	s := r.scan(page) // none of that has spent the code
	r.number(page, s.Match)
	thief, _ := r.phone()
	if _, err := thief.CollectAndRedeem(t.Context(), s); code(err) != "invalid_session" {
		t.Errorf("another key collects: %v", err)
	}
	stolen, err := r.app.Collect(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if err := thief.Post(t.Context(), "/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"smartumpay"}, "code": {stolen}, "code_verifier": {s.Verifier},
	}, nil); code(err) != "invalid_grant" {
		t.Errorf("another key redeems: %v", err)
	}
}

// Reusable: a code logs in one phone, once.
func reusableCodes(t *testing.T, r *rig) {
	page := r.showQR()
	frame := frameOn(t, page)
	s := r.scan(page)
	r.number(page, s.Match)
	tokens, err := r.app.CollectAndRedeem(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := r.phone()
	for name, app := range map[string]*robot.App{"the same phone": r.app, "another phone": other} {
		if _, err := app.Scan(t.Context(), frame); reason(err) != login.ReasonQRUsed {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.app.Refresh(t.Context(), tokens.RefreshToken); err != nil {
		t.Errorf("a late scan ended the session of the first phone: %v", err)
	}
	replaced := r.showQR()
	old := frameOn(t, replaced)
	r.showQR()
	if _, err := r.app.Scan(t.Context(), old); reason(err) != login.ReasonQRExpired {
		t.Errorf("a code that another has replaced: %v", err)
	}
}

// Long-lived: a frame is good for a minute at most, a page for two, a number for one.
func longLivedCodes(t *testing.T, r *rig) {
	page := r.showQR()
	frame := frameOn(t, page)
	r.clock.pass(61 * time.Second)
	if _, err := r.app.Scan(t.Context(), frame); reason(err) != login.ReasonQRExpired {
		t.Errorf("a frame after a minute: %v", err)
	}
	r.clock.pass(45 * time.Second)
	last := frameOn(t, r.seen(page))
	r.clock.pass(14 * time.Second)
	if _, err := r.app.Scan(t.Context(), last); reason(err) != login.ReasonQRExpired {
		t.Errorf("the page after two minutes: %v", err)
	}
	lapsed := r.seen(page)
	if strings.Contains(lapsed.Body, "<svg") || !strings.Contains(lapsed.Body, "Koodi on vanhentunut") || lapsed.Header.Get("Refresh") != "" {
		t.Errorf("the page after two minutes:\n%s", lapsed.Body)
	}
	page = r.press(lapsed, "Hae uusi koodi")
	s := r.scan(page)
	r.clock.pass(61 * time.Second)
	r.mustTell(r.seen(page), "Numeroa ei annettu ajoissa")
	if _, err := r.browser.Submit(t.Context(), page.URL+"/number", url.Values{"number": {s.Match}}); err != nil {
		t.Fatal(err)
	}
	if status, err := r.app.Status(t.Context(), s.Login, ""); err != nil || status.State != "expired" || status.Reason != "approval_late" {
		t.Errorf("the phone is told %+v, %v", status, err)
	}
	if _, err := r.app.Collect(t.Context(), s); reason(err) != login.ReasonApprovalLate {
		t.Errorf("collected late: %v", err)
	}
}

// Unconfirmed: without the number on the page nothing comes out, however often and
// wherever the phone asks.
func unconfirmedLogins(t *testing.T, r *rig) {
	s := r.scan(r.showQR())
	for _, extra := range []url.Values{{}, {"tx_code": {"123456"}}, {"match": {s.Match}}, {"number": {s.Match}}, {"approved": {"true"}}} {
		form := url.Values{"client_id": {"smartumpay"}, "auth_session": {s.AuthSession}}
		maps.Copy(form, extra)
		if err := r.app.Post(t.Context(), "/authorize-challenge", form, nil); err == nil {
			t.Errorf("%v: let in", extra)
		}
	}
	for _, guess := range []string{s.AuthSession, s.SupportCode, s.Match, r.attempt(s.SupportCode).ID} {
		if _, err := r.app.Redeem(t.Context(), s.Login, guess); code(err) != "invalid_grant" {
			t.Errorf("redeemed %q: %v", guess, err)
		}
	}
	if a := r.attempt(s.SupportCode); a.State != login.StateClaimed {
		t.Errorf("the login is %s", a.State)
	}
}

// Leaked: who sees an address, a log or the page's id has nothing. Approving takes the
// browser that is signed in, collecting the phone's key.
func leakedHandles(t *testing.T, r *rig) {
	page := r.showQR()
	frame := frameOn(t, page)
	s := r.scan(page)
	browser := r.browser
	_, r.browser = r.phone()
	foreign, err := r.browser.Open(t.Context(), page.URL)
	if err != nil || strings.Contains(foreign.Body, "Robot") || !strings.HasSuffix(foreign.URL, "/me") {
		t.Errorf("a browser without a session sees %s (%v)", foreign.URL, err)
	}
	r.signIn("eero")
	for _, path := range []string{"", "/number", "/typed", "/refuse"} {
		act := func() (robot.Page, error) {
			return r.browser.Submit(t.Context(), page.URL+path, url.Values{"number": {s.Match}})
		}
		if path == "" {
			act = func() (robot.Page, error) { return r.browser.Open(t.Context(), page.URL) }
		}
		if got, err := act(); err != nil || got.Status != http.StatusNotFound {
			t.Errorf("another person's page %q: %d (%v)", path, got.Status, err)
		}
	}
	r.browser = browser
	if a := r.attempt(s.SupportCode); a.State != login.StateClaimed {
		t.Errorf("the login is %s", a.State)
	}
	parts := strings.Split(frame, ".")
	for _, secret := range []string{parts[2], s.AuthSession, s.Verifier} {
		if strings.Contains(r.log.String(), secret) || strings.Contains(page.URL, secret) {
			t.Errorf("%q is in the log or in an address", secret)
		}
	}
}

// Guessable: every bit of a code counts, and codes to type cannot be tried out.
func guessableCodes(t *testing.T, r *rig) {
	frame := frameOn(t, r.showQR())
	app := *r.app
	next := func() { r.clock.pass(6 * time.Second) } // the limit on claims is another test
	for i := len("AVAIN1:"); i < len(frame); i += 5 {
		wrong := []byte(frame)
		wrong[i] ^= 1
		if _, err := app.Scan(t.Context(), string(wrong)); reason(err) != login.ReasonQRUnknown && reason(err) != login.ReasonQRExpired {
			t.Errorf("%q: %v", wrong, err)
		}
		if i%15 == 0 {
			next()
		}
	}
	refused := 0
	for n := range 40 {
		_, err := r.app.Type(t.Context(), strings.Repeat("0", 8)+"ZZ"[:1]+string(rune('A'+n%8)))
		switch refusal, _ := errors.AsType[*robot.Refusal](err); {
		case refusal != nil && refusal.Status == http.StatusTooManyRequests && refusal.Header.Get("Retry-After") != "":
			refused++
		case reason(err) != login.ReasonQRUnknown:
			t.Fatalf("guess %d: %v", n, err)
		}
	}
	if refused < 20 {
		t.Errorf("%d of 40 guesses were refused", refused)
	}
}

// A person can be asked for a number a dozen times in ten minutes, and is then told
// when to come again.
func TestQRPagesPerPersonAreBounded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for n := range 12 {
		if page := r.showQR(); page.Status != http.StatusOK {
			t.Fatalf("code %d: %d", n+1, page.Status)
		}
	}
	page := r.showQR()
	if page.Status != http.StatusTooManyRequests || page.Header.Get("Retry-After") == "" {
		t.Errorf("the thirteenth: %d", page.Status)
	}
	r.mustTell(page, "Liian monta yritystä")
}

// Nobody can be the client that our own pages are.
func TestWebClientCannotBeUsedOverTheWire(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	form := url.Values{
		"client_id": {login.WebClient}, "response_type": {"code"}, "redirect_uri": {r.Service + "/me/return"}, "scope": {"openid offline_access"},
		"code_challenge": {strings.Repeat("a", 43)}, "code_challenge_method": {"S256"}, "grant_type": {"refresh_token"}, "refresh_token": {"x"}, "token": {"x"},
	}
	for _, path := range []string{"/par", "/token", "/revoke", "/introspect", "/authorize-challenge", "/attempt-status"} {
		if status, body, _ := r.post(path, form); status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", path, status, body)
		}
		withSecret := http.Header{"Authorization": {"Basic YXZhaW4td2ViOng="}, "Content-Type": {"application/x-www-form-urlencoded"}} // avain-web:x
		if status, body, _ := r.send(http.MethodPost, path, form, withSecret); status != http.StatusUnauthorized {
			t.Errorf("%s with a secret: %d %s", path, status, body)
		}
	}
	if status, _, header := r.send(http.MethodGet, "/authorize?"+form.Encode(), nil, nil); status != http.StatusBadRequest {
		t.Errorf("/authorize: %d %s", status, header.Get("Location"))
	}
	// A code of the attacker's own sign-in, opened in the victim's browser (login CSRF).
	page, err := r.browser.Open(t.Context(), r.Service+"/me")
	if err != nil {
		t.Fatal(err)
	}
	var landed string
	r.browser.Visit = func(address string) {
		if strings.Contains(address, "/me/return?") {
			landed = address
		}
	}
	r.press(page, "Kirjaudu", "kuikka", "aino", "Vahvista")
	if landed == "" {
		t.Fatal("no return")
	}
	_, victim := r.phone()
	if _, err := victim.Open(t.Context(), r.Service+"/me"); err != nil {
		t.Fatal(err)
	}
	if got, err := victim.Open(t.Context(), landed); err != nil || strings.Contains(got.Body, "aktivoituneet") {
		t.Errorf("the victim is signed in as the attacker: %d %v", got.Status, err)
	}
	if again, err := r.browser.Open(t.Context(), landed); err != nil || !strings.Contains(again.Body, "aktivoituneet") {
		t.Errorf("the same browser, a second time: %d %v", again.Status, err)
	}
}
