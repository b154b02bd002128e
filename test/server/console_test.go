package server_test

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/console"
	"avain/internal/console/support"
	"avain/internal/domain/employment"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/staff"
	"avain/internal/secret"
	"avain/internal/testkit/brokersim"
)

// agent is somebody of the staff, signed in.
func (r *rig) agent(role staff.Role) *agent {
	r.Helper()
	who, link, err := r.Inside.Console.Invite(r.Context(), "system", "Sanna "+string(role), role)
	if err != nil {
		r.Fatal(err)
	}
	a := r.stranger()
	a.id, a.key = who.ID, newAuthenticator(r.T, r.Admin)
	if got := a.make(link.Reveal()); got.Status != http.StatusOK {
		r.Fatalf("make a passkey: %d %s", got.Status, got.Body)
	}
	return a
}

// TestThreat07PasskeysAreCheckedInFull does to each part of a passkey's proof what a
// phisher, a thief of a copy or a replaying proxy would.
func TestThreat07PasskeysAreCheckedInFull(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.agent(staff.RoleAgent)
	if got := a.get("/console/"); got.Status != http.StatusOK || !strings.Contains(got.Body, "Sanna agent") {
		t.Fatalf("whoever has made a passkey is in: %d", got.Status)
	}
	for what, change := range map[string]func(*authenticator){
		"signed for another address":   func(k *authenticator) { k.origin = "https://avain.example.org" },
		"signed for another port":      func(k *authenticator) { k.origin = "http://localhost:1" },
		"signed for another host":      func(k *authenticator) { k.rpID = "avain.example.org" },
		"nobody proved who holds it":   func(k *authenticator) { k.flags = userPresent },
		"nobody was there":             func(k *authenticator) { k.flags = 0 },
		"another key":                  func(k *authenticator) { k.key = newAuthenticator(t, r.Admin).key },
		"another's name on it":         func(k *authenticator) { k.handle = b64url([]byte(login.NewID())) },
		"no name on it":                func(k *authenticator) { k.handle = "" },
		"unknown":                      func(k *authenticator) { k.id = []byte("0123456789abcdef0123456789abcdef") },
		"the counter of a copy":        func(k *authenticator) { k.counter = 0 },
		"the counter of the last time": func(k *authenticator) { k.counter -= 2 },
	} {
		thief, key := r.stranger(), *a.key
		change(&key)
		thief.key = &key
		if got := thief.signIn(); got.Status != http.StatusForbidden || got.Body != "{\"error\":\"forbidden\"}\n" {
			t.Errorf("%s: %d %s", what, got.Status, got.Body)
		}
		if got := thief.get("/console/"); got.Status != http.StatusSeeOther {
			t.Errorf("%s: in with %d", what, got.Status)
		}
	}
	again := r.stranger()
	again.key = a.key
	if got := again.signIn(); got.Status != http.StatusOK || again.get("/console/").Status != http.StatusOK {
		t.Errorf("the real one, after all that: %d %s", got.Status, got.Body)
	}
	if err := r.Inside.Console.Disable(t.Context(), "system", a.id); err != nil {
		t.Fatal(err)
	}
	for _, one := range []*agent{a, again} {
		if got := one.get("/console/"); got.Status != http.StatusSeeOther {
			t.Errorf("disabled, and in with %d", got.Status)
		}
		if got := one.signIn(); got.Status != http.StatusForbidden {
			t.Errorf("disabled, and signs in: %d", got.Status)
		}
	}
}

// A challenge counts once, in the browser that asked for it, for what it was asked for,
// and for five minutes.
func TestThreat07ChallengesCountOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.agent(staff.RoleAgent)
	var options assertion
	begin := func(one *agent) {
		t.Helper()
		if got := one.script("/console/sign-in/begin", nil, &options); got.Status != http.StatusOK {
			t.Fatal(got)
		}
		a.key.counter++
	}
	one := r.stranger()
	begin(one)
	if pk := options.Options.PublicKey; pk.RPID != "localhost" || pk.UserVerification != "required" || len(pk.AllowCredentials) > 0 {
		t.Errorf("options: %+v", pk)
	}
	jar := one.http.Jar.Cookies(mustParse(t, r.Admin))
	proof := a.key.get(t, options.Options.PublicKey.Challenge)
	if got := one.script("/console/sign-in/finish", proof, nil); got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	replayed := r.stranger()
	replayed.http.Jar.SetCookies(mustParse(t, r.Admin), jar)
	a.key.counter++
	if got := replayed.script("/console/sign-in/finish", a.key.get(t, options.Options.PublicKey.Challenge), nil); got.Status != http.StatusGone {
		t.Errorf("the same challenge again: %d", got.Status)
	}
	begin(one)
	if got := r.stranger().script("/console/sign-in/finish", a.key.get(t, options.Options.PublicKey.Challenge), nil); got.Status != http.StatusGone {
		t.Errorf("in another browser: %d", got.Status)
	}
	if got := one.script("/console/invited/finish", a.key.get(t, options.Options.PublicKey.Challenge), nil); got.Status != http.StatusGone {
		t.Errorf("for something else: %d", got.Status)
	}
	begin(one)
	r.clock.pass(5 * time.Minute)
	if got := one.script("/console/sign-in/finish", a.key.get(t, options.Options.PublicKey.Challenge), nil); got.Status != http.StatusGone {
		t.Errorf("too late: %d", got.Status)
	}
	for _, cookie := range []string{"", "x", strings.Repeat("A", 400)} {
		forged := r.stranger()
		forged.http.Jar.SetCookies(mustParse(t, r.Admin), []*http.Cookie{{Name: "avain-console-passkey", Value: cookie}})
		if got := forged.script("/console/sign-in/finish", a.key.get(t, options.Options.PublicKey.Challenge), nil); got.Status != http.StatusGone {
			t.Errorf("made up: %d", got.Status)
		}
	}
}

// A link makes one passkey, for whom it was made, within a quarter of an hour.
func TestStaffInvitationCountsOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	invite := func() (staff.Member, string) {
		who, link, err := r.Inside.Console.Invite(t.Context(), "system", "Pekka", staff.RoleAgent)
		if err != nil {
			t.Fatal(err)
		}
		return who, link.Reveal()
	}
	try := func(what, link string, want int) *agent {
		t.Helper()
		a := r.stranger()
		a.key = newAuthenticator(t, r.Admin)
		if got := a.make(link); got.Status != want {
			t.Errorf("%s: %d %s, want %d", what, got.Status, got.Body, want)
		}
		return a
	}
	who, link := invite()
	try("first", link, http.StatusOK)
	try("again", link, http.StatusGone)
	_, again, err := r.Inside.Console.InviteAgain(t.Context(), "system", who.ID)
	if err != nil {
		t.Fatal(err)
	}
	_, newest, err := r.Inside.Console.InviteAgain(t.Context(), "system", who.ID)
	if err != nil {
		t.Fatal(err)
	}
	try("replaced by a newer one", again.Reveal(), http.StatusGone)
	weak := r.stranger()
	weak.key = newAuthenticator(t, r.Admin)
	weak.key.flags = userPresent
	if got := weak.make(newest.Reveal()); got.Status != http.StatusForbidden {
		t.Errorf("without proving who holds it: %d", got.Status)
	}
	try("after one that was refused", newest.Reveal(), http.StatusOK)
	_, late := invite()
	r.clock.pass(console.InvitationLife)
	try("too late", late, http.StatusGone)
	for _, garbage := range []string{"", "#", "#x", "#" + secret.New().Reveal()} {
		try("made up", garbage, http.StatusGone)
	}
	who, link = invite()
	if err := r.Inside.Console.Disable(t.Context(), "system", who.ID); err != nil {
		t.Fatal(err)
	}
	try("disabled meanwhile", link, http.StatusGone)
}

// cases is somebody with everything that the console shows, and every secret of theirs.
type cases struct {
	person, employment, session, attempt, staff, employer string
	secrets                                               map[string]string
}

func (r *rig) cases() cases {
	r.Helper()
	c := cases{secrets: map[string]string{}}
	l := r.start()
	page := r.press(r.open(l), bank...)
	tokens, err := r.app.Finish(r.Context(), l, page.App)
	if err != nil {
		r.Fatal(err)
	}
	a := r.attempt(l.SupportCode)
	c.person, c.session, c.attempt = a.Person, a.Session, a.ID
	for name, value := range map[string]string{
		"access token": tokens.AccessToken, "refresh token": tokens.RefreshToken, "ID token": tokens.IDToken, "verifier": l.Verifier,
		"code": mustParse(r.T, page.App).Query().Get("code"), "auth_session": l.AuthSession,
		"request_uri": strings.TrimPrefix(l.RequestURI, "urn:ietf:params:oauth:request_uri:"), "cookie": r.cookie(r.browser),
		"key of the app": a.Key, "state": a.Request.State, "nonce": a.Request.Nonce, "challenge": a.Request.CodeChallenge,
	} {
		if len(value) < 20 {
			r.Fatalf("%s is suspiciously short", name)
		}
		c.secrets[name] = value
	}
	for _, p := range brokersim.People() {
		c.secrets["identity code of "+p.UserID] = p.HETU.Reveal()
	}
	employers, err := r.Inside.Store.Employments.Employers(r.Context(), "", 1)
	if err != nil || len(employers) == 0 {
		r.Fatal(err)
	}
	m, i, err := r.Inside.People.Hire(r.Context(), employment.Employment{
		Employer: employers[0].ID, Kind: employment.UserSmartumPlus, GivenName: "Vieno", FamilyName: "Canary", Email: "vieno.canary@example.com",
	}, hetu.Code{}, true)
	if err != nil {
		r.Fatal(err)
	}
	c.employment, c.employer = m.ID, employers[0].ID
	c.secrets["ticket of an invitation"] = r.Inside.People.Ticket(i.ID).Reveal()
	s, err := r.Inside.Store.Sessions.SessionByID(r.Context(), c.session)
	if err != nil {
		r.Fatal(err)
	}
	for name, hash := range map[string]secret.Hash{"refresh": s.Refresh, "browser": a.Browser, "invitation": i.Token} {
		c.secrets["hash of "+name+" in hex"] = hex.EncodeToString(hash[:])
		c.secrets["hash of "+name+" in base64"] = base64.StdEncoding.EncodeToString(hash[:])
		c.secrets["hash of "+name+" in base64url"] = base64.RawURLEncoding.EncodeToString(hash[:])
	}
	return c
}

// address fills a route's pattern with ids.
func (c cases) address(pattern string) string {
	pattern = strings.NewReplacer("{$}", "", "{rest...}", "nothing/here").Replace(pattern)
	for begins, id := range map[string]string{
		"people/": c.person, "records/": c.employment, "attempts/": c.attempt, "employers/": c.employer, "staff/": c.staff, "devices/": c.session,
	} {
		for _, name := range []string{"{id}", "{session}", "{record}"} {
			pattern = strings.ReplaceAll(pattern, begins+name, begins+id)
		}
	}
	return pattern
}

// TestThreat07ConsoleGivesNothingAway: every role at every address of the console, with
// the ids of a person with everything: no token, code, link, QR code, hash or identity
// code is on any page, and a role gets no further than it reaches.
func TestThreat07ConsoleGivesNothingAway(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.cases()
	c.staff = r.agent(staff.RoleOperator).id
	routes := r.Inside.Console.Routes()
	if len(routes) < 20 {
		t.Fatalf("only %d routes", len(routes))
	}
	nobody := r.stranger()
	for _, role := range staff.Roles() {
		a := r.agent(role)
		shown := 0
		for _, route := range routes {
			address := c.address(route.Pattern)
			if strings.HasSuffix(route.Pattern, "sign-out") {
				continue
			}
			form := url.Values{"because": {"kokeillaan kaikkea"}, "q": {"virtanen"}, "do": {"role"}, "role": {"agent"}, "name": {"Uusi"}}
			do := func(one *agent) answered {
				if route.Method == http.MethodGet {
					return one.get(address)
				}
				return one.post(address, form)
			}
			got := do(a)
			if got.Status == http.StatusInternalServerError {
				t.Errorf("%s at %s %s: %d", role, route.Method, address, got.Status)
			}
			// What is sent as a passkey's proof is none, and refused for that.
			if forbidden := got.Status == http.StatusForbidden; forbidden == role.Covers(route.Least) && !strings.HasSuffix(route.Pattern, "finish") {
				t.Errorf("%s at %s %s (%s): %d", role, route.Method, address, route.Least, got.Status)
			}
			if got.Status == http.StatusOK && route.Method == http.MethodGet {
				shown++
			}
			c.mustHide(t, route.Method+" "+address, got)
			if out := do(nobody); out.Status != http.StatusSeeOther && out.Status != http.StatusUnauthorized {
				t.Errorf("nobody at %s %s: %d", route.Method, address, out.Status)
			}
			r.clock.pass(time.Minute) // so that nobody is held back
		}
		if shown < 5 {
			t.Errorf("%s has seen %d pages: the test is blind", role, shown)
		}
	}
}

func (c cases) mustHide(t *testing.T, where string, got answered) {
	t.Helper()
	all := got.Body
	for name, values := range got.Header {
		all += name + ": " + strings.Join(values, " ") + "\n"
	}
	for name, value := range c.secrets {
		if strings.Contains(all, value) {
			t.Errorf("%s gives away the %s", where, name)
		}
	}
}

// The desk's interfaces reach nothing that makes or reads a token, a code or a link.
func TestThreat07DeskHasNoWayToLogIn(t *testing.T) {
	t.Parallel()
	words := []string{"token", "code", "link", "redeem", "refresh", "hetu", "lookup", "key", "ticket", "credential", "password", "claim", "confirm", "approve", "start", "qr"}
	found := 0
	for _, i := range []reflect.Type{
		reflect.TypeFor[support.Search](), reflect.TypeFor[support.People](), reflect.TypeFor[support.Employments](),
		reflect.TypeFor[support.Logins](), reflect.TypeFor[support.Colleagues](), reflect.TypeFor[support.Acts](),
	} {
		found += i.NumMethod()
		for method := range i.Methods() {
			method := method.Name
			if method == "AttemptBySupportCode" {
				continue // the code that people read out, which opens nothing
			}
			for _, word := range words {
				if strings.Contains(strings.ToLower(method), word) {
					t.Errorf("%s has %s", i, method)
				}
			}
		}
	}
	if found < 20 {
		t.Errorf("%d methods: the test is blind", found)
	}
}

// TestThreat26ConsoleIdsAreUniform: made-up ids, and ids of another kind, look like
// nothing at all, and the same everywhere.
func TestThreat26ConsoleIdsAreUniform(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.cases()
	a := r.agent(staff.RoleOperator)
	ids := map[string]string{
		"person": c.person, "record": c.employment, "session": c.session, "attempt": c.attempt, "employer": c.employer, "staff": a.id,
		"made up": login.NewID(), "garbage": "x", "long": strings.Repeat("a", 300), "injection": url.PathEscape("' OR 1=1 --"), "NUL": "%00", "no text": "%ff",
	}
	because := url.Values{"because": {"kokeillaan toisen tunnusta"}, "do": {"disable"}}
	var pages []string
	for kind, id := range ids {
		for own, addresses := range map[string][]string{
			"person":   {"GET people/%", "POST people/%/pause", "POST people/%/resume", "POST people/%/devices/" + c.session, "POST people/%/records/" + c.employment},
			"session":  {"POST people/" + c.person + "/devices/%"},
			"record":   {"GET records/%", "POST records/%/invite", "POST people/" + c.person + "/records/%"},
			"attempt":  {"GET attempts/%"},
			"employer": {"GET employers/%"},
			"staff":    {"POST staff/%"},
			"passkey":  {"POST passkeys/%/remove"},
		} {
			for _, address := range addresses {
				// A record of nobody yet belongs to no person, whoever's page it is sent from.
				mixed := strings.Contains(address, "people/%/records") || own == "record" && strings.HasPrefix(address, "POST people")
				if own == kind && !mixed {
					continue
				}
				method, path, _ := strings.Cut(address, " ")
				path = "/console/" + strings.ReplaceAll(path, "%", id)
				var got answered
				switch {
				case method == http.MethodGet:
					got = a.get(path)
				case own == "staff" || own == "passkey":
					got = a.postConfirmed(path, because)
				default:
					got = a.post(path, because)
				}
				if got.Status != http.StatusNotFound {
					t.Errorf("%s in %s: %d", kind, address, got.Status)
				}
				if !slices.Contains(pages, got.Body) {
					pages = append(pages, got.Body)
				}
				r.clock.pass(10 * time.Second)
			}
		}
	}
	if len(pages) > 3 { // the marked part of the navigation differs
		t.Errorf("%d different pages for what is not there", len(pages))
	}
	s, err := r.Inside.Store.Sessions.SessionByID(t.Context(), c.session)
	if err != nil || !s.Live(r.clock.now()) {
		t.Errorf("somebody's device was logged out by a mixed-up address: %v", err)
	}
}

// TestThreat25ConsoleFormsStayWithinTheirPerson: another person's device or record cannot
// be acted on from one's page.
func TestThreat25ConsoleFormsStayWithinTheirPerson(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	mine := r.cases()
	a := r.agent(staff.RoleOperator)
	other := r.handset("matti")
	theirs, err := r.Inside.Store.Sessions.SessionsOfPerson(t.Context(), r.personID("matti"))
	if err != nil || len(theirs) != 1 {
		t.Fatal(theirs, err)
	}
	because := url.Values{"because": {"toisen laite"}}
	if got := a.post("/console/people/"+mine.person+"/devices/"+theirs[0].ID, because); got.Status != http.StatusNotFound {
		t.Errorf("another's device: %d", got.Status)
	}
	if !other.in() {
		t.Error("the device is out")
	}
	if got := a.post("/console/people/"+r.personID("matti")+"/devices/"+theirs[0].ID, because); got.Status != http.StatusSeeOther {
		t.Errorf("their own: %d", got.Status)
	}
	if other.in() {
		t.Error("the device is in")
	}
}

func (r *rig) personID(user string) string {
	r.Helper()
	for _, p := range brokersim.People() {
		if p.UserID == user {
			person, err := r.Inside.People.Identify(r.Context(), login.Identity{HETU: p.HETU})
			if err != nil {
				r.Fatal(err)
			}
			return person.ID
		}
	}
	r.Fatalf("nobody is called %s", user)
	return ""
}

// TestThreat32ConsoleKeepsWhatIsTypedToItself: what an agent types is in no address, no
// log and no metric; an identity code is not even kept where reasons are.
func TestThreat32ConsoleKeepsWhatIsTypedToItself(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.cases()
	a := r.agent(staff.RoleLead)
	const name, code, spaced = "Canarinen", "131052-308T", "131052 - 308T"
	var seen []string
	for _, typed := range []string{name, name + " Kaino", "canarinen@example.com", code, spaced, "131052A308T", "<script>" + name, strings.Repeat(name, 30)} {
		got := a.post("/console/search", url.Values{"q": {typed}})
		seen = append(seen, got.Location)
		if got.Location != "" {
			found := a.get(got.Location)
			if found.Status != http.StatusOK || strings.Contains(found.Body, "<script>"+name) {
				t.Errorf("%q: %d", typed, found.Status)
			}
			if other := r.agent(staff.RoleOperator).get(got.Location); other.Status != http.StatusNotFound {
				t.Errorf("a colleague opens the search: %d", other.Status)
			}
		} else if got.Status != http.StatusBadRequest || strings.Contains(got.Body, "131052") {
			t.Errorf("%q: %d", typed, got.Status)
		}
	}
	for _, because := range []string{"asiakas " + code, "tunnus " + spaced, "huono", "", strings.Repeat("x", 201)} {
		want := http.StatusBadRequest
		if because == "huono" {
			want = http.StatusSeeOther
		}
		got := a.post("/console/people/"+c.person+"/pause", url.Values{"because": {because}})
		if got.Status != want || strings.Contains(got.Body, "131052") {
			t.Errorf("the reason %q: %d", because, got.Status)
		}
	}
	a.post("/console/people/"+c.person+"/devices/"+c.session, url.Values{"because": {"syy on Canarinen"}})
	places := map[string]string{"log": r.log.String(), "metrics": r.metrics(), "addresses": strings.Join(seen, "\n")}
	for where, content := range places {
		for _, canary := range []string{name, strings.ToLower(name), code, "308T", url.QueryEscape("canarinen@example.com"), base64.RawURLEncoding.EncodeToString([]byte(name))} {
			if strings.Contains(content, canary) {
				t.Errorf("%s holds %q", where, canary)
			}
		}
	}
	for where, content := range r.places() {
		if strings.Contains(content, code) || strings.Contains(content, spaced) {
			t.Errorf("%s holds the identity code that was typed", where)
		}
	}
}

// Every page is there in each language.
func TestConsoleSpeaksEachLanguage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.cases()
	a := r.agent(staff.RoleOperator)
	if got := r.stranger().get("/console/sign-in?lang=en"); !strings.Contains(got.Body, "<noscript>") || !strings.Contains(got.Body, "Passkeys need JavaScript.") {
		t.Error("nobody is told what passkeys need")
	}
	for next, want := range map[string]string{
		"/console/people/x": "/console/people/x", "https://evil.example/console/": "/console/", "//evil.example/console/": "/console/", "/console/../metrics": "/console/",
		"/console/%2e%2e/metrics": "/console/", `/console/\\evil.example`: "/console/", "/metrics": "/console/", "javascript:alert(1)": "/console/",
	} {
		if got := r.stranger().get("/console/sign-in?next=" + url.QueryEscape(next)); !strings.Contains(got.Body, `data-next="`+want+`"`) {
			t.Errorf("%s is gone to", next)
		}
	}
	for _, path := range []string{
		"", "staff", "passkeys", "people/" + c.person, "records/" + c.employment, "attempts/" + c.attempt, "employers/" + c.employer, "nothing",
	} {
		for lang, word := range map[string]string{"fi": "Asiakkaat", "sv": "Kunder", "en": "Customers"} {
			got := a.get("/console/" + path + "?lang=" + lang)
			if want := path != "nothing"; (got.Status == http.StatusOK) != want || !strings.Contains(got.Body, word) || strings.Contains(got.Body, "no value") {
				t.Errorf("%s in %s: %d", path, lang, got.Status)
			}
		}
		r.clock.pass(time.Minute)
	}
}

// Whoever looks at more people than help needs is held back, and it is seen.
func TestConsoleSearchesAreLimited(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.agent(staff.RoleAgent)
	last := 0
	for range 70 {
		last = a.post("/console/search", url.Values{"q": {"virtanen"}}).Status
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("after 70 searches at once: %d", last)
	}
	entries, _, err := r.Inside.Store.Audit.SearchAudit(t.Context(), operations.AuditQuery{Action: "staff.search_refuse", Limit: 10})
	if err != nil || len(entries) == 0 || entries[0].Actor != "staff:"+a.id {
		t.Errorf("audit: %+v, %v", entries, err)
	}
	if got := r.agent(staff.RoleAgent).post("/console/search", url.Values{"q": {"virtanen"}}); got.Status != http.StatusSeeOther {
		t.Errorf("a colleague is held back, too: %d", got.Status)
	}
}

// A form from another site, or without a cookie, does nothing.
func TestConsoleFormsAreItsOwn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.cases()
	a := r.agent(staff.RoleOperator)
	body := func() *strings.Reader { return strings.NewReader("because=toiselta+sivulta") }
	const kind = "application/x-www-form-urlencoded"
	path := "/console/people/" + c.person + "/pause"
	for what, header := range map[string][]string{
		"cross-site": {"Sec-Fetch-Site", "cross-site"}, "same site, another port": {"Sec-Fetch-Site", "same-site"},
		"old browser": {"Sec-Fetch-Site", "", "Origin", r.Service}, "null": {"Sec-Fetch-Site", "", "Origin", "null"},
	} {
		if got := a.send(http.MethodPost, path, kind, body(), header...); got.Status != http.StatusForbidden {
			t.Errorf("%s: %d", what, got.Status)
		}
	}
	p, err := r.Inside.Store.People.PersonByID(t.Context(), c.person)
	if err != nil || !p.PausedUntil.IsZero() {
		t.Errorf("paused: %v, %v", p.PausedUntil, err)
	}
	header := a.get("/console/").Header
	for name, words := range map[string][]string{
		"Content-Security-Policy": {"default-src 'none'", "script-src 'self'", "require-trusted-types-for 'script'", "frame-ancestors 'none'", "form-action 'self';"},
		"Permissions-Policy":      {"publickey-credentials-get=(self)", "publickey-credentials-create=(self)"}, "Cache-Control": {"no-store"}, "X-Frame-Options": {"DENY"},
	} {
		for _, word := range words {
			if !strings.Contains(header.Get(name), word) {
				t.Errorf("%s: %q lacks %s", name, header.Get(name), word)
			}
		}
	}
	for _, cookie := range r.agent(staff.RoleAgent).cookies {
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/" {
			t.Errorf("cookie %s: %+v", cookie.Name, cookie)
		}
	}
}
