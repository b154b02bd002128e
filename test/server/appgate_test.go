package server_test

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/refresh"
	"avain/internal/platform/store/storetest"
	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/robot"
)

// options is what a running app reads.
type options struct {
	Methods []struct{ Method, State, Reason string }
	Banks   []struct {
		ID, Logo, Text string
		Available      bool
	}
	Notices []struct{ Title, Text string }
	Store   string
}

func (r *rig) options(query string) (o options) {
	r.Helper()
	status, body, _ := r.send(http.MethodGet, "/login-options?"+query, nil, nil)
	if status != http.StatusOK {
		r.Fatalf("%s: %d %s", query, status, body)
	}
	if err := json.Unmarshal([]byte(body), &o); err != nil {
		r.Fatal(err)
	}
	return o
}

func (o options) state(method login.Method) string {
	for _, m := range o.Methods {
		if m.Method == string(method) {
			return m.State
		}
	}
	return "missing"
}

func (o options) available(bank string) bool {
	for _, b := range o.Banks {
		if b.ID == bank {
			return b.Available
		}
	}
	return false
}

// byOperator switches as avain admin methods does: in the database, behind the
// service's back.
func (r *rig) byOperator(s operations.Switch) {
	r.Helper()
	s.By, s.At = "system", r.clock.now()
	if err := r.Inside.Store.Operations.SetSwitch(r.Context(), s); err != nil {
		r.Fatal(err)
	}
}

func refusal(err error) robot.Refusal {
	if e, ok := errors.AsType[*robot.Refusal](err); ok {
		return *e
	}
	return robot.Refusal{}
}

func (r *rig) startBy(method string, more url.Values) error {
	r.Helper()
	form := url.Values{"login_method": {method}}
	maps.Copy(form, more)
	_, err := r.app.Start(r.Context(), form)
	return err
}

// A running app sees a method go off and on again within the life of the node's
// reading; what has begun goes on, and whoever is logged in notices nothing.
func TestMethodIsSwitchedWhileTheServiceRuns(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	tokens := r.login()
	begun := r.link(r.Service + "/return")
	if r.options("").state(login.MethodLink) != "on" {
		t.Fatal("the login link is off from the start")
	}

	r.byOperator(operations.Switch{Name: operations.MethodSwitch(login.MethodLink), Reasons: map[string]string{"fi": "Korjaamme vikaa."}})
	r.clock.pass(refresh.Fresh)
	seen := r.options("locale=fi")
	if seen.state(login.MethodLink) != "off" || seen.Methods[1].Reason != "Korjaamme vikaa." || seen.state(login.MethodDirect) != "on" {
		t.Errorf("apps see %+v", seen.Methods)
	}
	if e := refusal(r.startBy("link", nil)); e.Status != http.StatusForbidden || e.Code != "access_denied" || e.Reason != string(login.ReasonMeansUnavailable) || e.SupportCode == "" {
		t.Errorf("a login by link began all the same: %+v", e)
	}
	r.login()
	if page := r.walkLink(begun); !strings.Contains(page.Body, "Vahvista kirjautuminen") {
		t.Errorf("a login that had begun was cut off: %s", page.Body)
	}
	if _, err := r.app.Refresh(t.Context(), tokens.RefreshToken); err != nil {
		t.Errorf("a logged-in app noticed: %v", err)
	}

	r.byOperator(operations.Switch{Name: operations.MethodSwitch(login.MethodLink), On: true})
	r.clock.pass(refresh.Fresh)
	if err := r.startBy("link", nil); err != nil || r.options("").state(login.MethodLink) != "on" {
		t.Errorf("it did not come back: %v", err)
	}
}

// Direct logins can be switched off too, at both of their entries.
func TestDirectLoginSwitchedOff(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *config.Config) {
		c.Methods.Off = []login.Method{login.MethodDirect}
		c.Clients = append(c.Clients, config.Client{
			ID: "web", Name: "Web", Profile: login.ProfileCompatible, Auth: login.AuthNone,
			RedirectURIs: []string{c.Public.BaseURL + "/elsewhere"}, Scopes: []string{"openid"},
		})
	})
	if e := refusal(r.startBy("direct", nil)); e.Reason != string(login.ReasonMeansUnavailable) {
		t.Errorf("/par: %+v", e)
	}
	query := url.Values{
		"client_id": {"web"}, "response_type": {"code"}, "redirect_uri": {r.Service + "/elsewhere"}, "scope": {"openid"},
		"code_challenge": {strings.Repeat("a", 43)}, "code_challenge_method": {"S256"}, "state": {"s"},
	}
	status, _, header := r.send(http.MethodGet, "/authorize?"+query.Encode(), nil, nil)
	back := mustParse(t, header.Get("Location")).Query()
	if status != http.StatusSeeOther || back.Get("reason") != string(login.ReasonMeansUnavailable) || back.Get("error") != "access_denied" || back.Get("state") != "s" {
		t.Errorf("/authorize: %d %s", status, header.Get("Location"))
	}
	if err := r.startBy("link", nil); err != nil {
		t.Errorf("the login link is gone too: %v", err)
	}
}

func TestBankIsSwitchedWhileTheServiceRuns(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	before := r.open(r.start()) // an open page still shows the button
	r.byOperator(operations.Switch{Name: operations.MeansSwitch("kuikka")})
	r.clock.pass(refresh.Fresh)

	if o := r.options(""); o.available("kuikka") || !o.available("mobile") {
		t.Errorf("apps see %+v", o.Banks)
	}
	l := r.start()
	page := r.open(l)
	if !strings.Contains(page.Body, "Väliaikaisesti poissa käytöstä") || strings.Contains(page.Body, `value="kuikka"`) {
		t.Errorf("the page offers a bank that is off:\n%s", page.Body)
	}
	for _, shown := range []robot.Page{before, page} {
		refused, err := r.browser.Submit(t.Context(), shown.URL+"/means", url.Values{"means": {"kuikka"}})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(refused.URL, r.Service+"/login/") || !strings.Contains(refused.Body, "Väliaikaisesti poissa käytöstä") {
			t.Errorf("the form was not refused: %s\n%s", refused.URL, refused.Body)
		}
	}
	a := r.attempt(l.SupportCode)
	if !contains(reasonsOf(a), login.ReasonMeansUnavailable) || a.State != login.StateCreated {
		t.Errorf("support sees %s: %v", a.State, reasonsOf(a))
	}

	r.byOperator(operations.Switch{Name: operations.MeansSwitch("kuikka"), On: true})
	r.clock.pass(refresh.Fresh)
	r.login()
}

// Every node follows, because the switches are rows.
func TestSwitchReachesOtherNodes(t *testing.T) {
	t.Parallel()
	var c config.Config
	r := newRig(t, onPostgres(t, &c))
	r.app.HTTP.Transport = node(t, r, c)
	if err := r.startBy("link", nil); err != nil {
		t.Fatal(err)
	}
	if err := r.Inside.Gate.Set(t.Context(), operations.Switch{Name: operations.MethodSwitch(login.MethodLink), By: "system"}); err != nil {
		t.Fatal(err)
	}
	if r.options("").state(login.MethodLink) != "off" {
		t.Error("the node that switched does not follow at once")
	}
	r.clock.pass(refresh.Fresh)
	if e := refusal(r.startBy("link", nil)); e.Reason != string(login.ReasonMeansUnavailable) {
		t.Errorf("the other node does not follow: %+v", e)
	}
	entries, err := storetest.ReadAudit(t.Context(), r.Inside.Store, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	if last := entries[len(entries)-1]; last.Action != "method.off" || last.Target != "method:link" || last.Actor != "system" {
		t.Errorf("the audit log ends with %+v", last)
	}
}

// A broker's disturbance reaches the apps.
func TestDisturbanceIsANotice(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if err := r.OP.Misbehave(brokersim.Disturbance); err != nil {
		t.Fatal(err)
	}
	var o options
	r.eventually("no notice of the disturbance", func() bool {
		o = r.options("locale=fi")
		return len(o.Notices) > 0 && o.Notices[0].Text != ""
	})
	for _, b := range o.Banks {
		if b.Logo == "" {
			continue
		}
		address, ok := strings.CutPrefix(b.Logo, r.Service)
		if status, _, header := r.send(http.MethodGet, address, nil, nil); !ok || status != http.StatusOK || header.Get("Content-Type") != "image/svg+xml" {
			t.Errorf("%s: %d", b.Logo, status)
		}
	}
}

func TestOldAppIsToldToUpdate(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *config.Config) {
		c.App = config.App{MinimumVersion: "1.10.0", RecommendedVersion: "1.16.0", AlternativeVersion: "1.16.0"}
		other := c.Clients[0]
		other.ID, other.Sector = "other", "example.org"
		c.Clients = append(c.Clients, other)
	})
	for _, c := range []struct {
		client, method, version string
		want                    login.Reason
	}{
		{"smartumpay", "direct", "1.9.0", login.ReasonVersionTooOld},
		{"smartumpay", "direct", "1.10.0", ""},
		{"smartumpay", "direct", "", ""}, // a standard client
		{"smartumpay", "link", "1.15.0", login.ReasonVersionTooOld},
		{"smartumpay", "link", "1.16.0", ""},
		{"smartumpay", "link", "", login.ReasonRequestInvalid},
		{"smartumpay", "direct", "newest", ""}, // says nothing that can be understood
		{"smartumpay", "link", "newest", login.ReasonRequestInvalid},
		{"other", "direct", "0.1.0", ""}, // another company's app has versions of its own
	} {
		r.app.ClientID = c.client
		err := r.startBy(c.method, url.Values{"app_version": {c.version}})
		if e := refusal(err); e.Reason != string(c.want) || (err == nil) != (c.want == "") {
			t.Errorf("%s %s with %q: %v", c.client, c.method, c.version, err)
		}
	}
	if old := r.options("platform=android&version=1.15.0"); old.Store != "https://play.google.com/store/apps/details?id=example" || old.state(login.MethodLink) != "off" {
		t.Errorf("the old app sees %+v", old)
	}
}

// Discovery leads a first-party app to its endpoints, and they are there.
func TestDiscoveryNamesTheEndpointsOfFirstPartyApps(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, body, _ := r.send(http.MethodGet, "/.well-known/oauth-authorization-server", nil, nil)
	var d map[string]any
	if err := json.Unmarshal([]byte(body), &d); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"authorization_challenge_endpoint", "attempt_status_endpoint"} {
		address, _ := d[name].(string)
		path, ours := strings.CutPrefix(address, r.Service)
		if status, _, _ := r.post(path, url.Values{}); !ours || status != http.StatusBadRequest && status != http.StatusUnauthorized {
			t.Errorf("%s is %q and answers %d", name, address, status)
		}
	}
}

// TestThreat29OnlyReturnAndOpenBelongToApps: of all that this service answers, apps
// may take the two addresses that are made for them.
func TestThreat29OnlyReturnAndOpenBelongToApps(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *config.Config) {
		c.Clients[0].Android = []config.AndroidApp{{Package: "com.example.pay", Fingerprints: []string{strings.Repeat("AA:", 31) + "AA"}}}
		c.Clients[0].IOS = []config.IOSApp{{TeamID: "A1B2C3D4E5", BundleID: "com.example.pay"}}
		c.Clients[0].Harmony = []config.HarmonyApp{{AppIdentifier: "12345"}}
	})
	for path, id := range map[string]string{
		"/.well-known/assetlinks.json": "com.example.pay", "/.well-known/apple-app-site-association": "A1B2C3D4E5.com.example.pay",
		"/.well-known/applinking.json": "12345",
	} {
		status, body, header := r.send(http.MethodGet, path, nil, nil)
		if status != http.StatusOK || header.Get("Content-Type") != "application/json" || !strings.Contains(body, id) {
			t.Errorf("%s: %d %s %s", path, status, header.Get("Content-Type"), body)
		}
		for _, never := range []string{"/callback", "/login", "/l/", "/authorize", "/*"} {
			if strings.Contains(body, never) {
				t.Errorf("%s hands %s to apps: %s", path, never, body)
			}
		}
	}
}
