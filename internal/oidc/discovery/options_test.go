package discovery_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/broker"
	"avain/internal/core/availability"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/oidc/discovery"
	"avain/internal/platform/audit"
	"avain/internal/platform/store"
	"avain/internal/platform/store/storetest"
	"avain/internal/platform/web"
)

// offering is a broker that offers what the test says; the rest is not asked here.
type offering struct {
	discovery.Brokers
	offer broker.Offer
}

func (o offering) Offer(context.Context, string) broker.Offer { return o.offer }

type origins []string

func (o origins) OriginAllowed(origin string) bool { return slices.Contains(o, origin) }

const (
	base   = "https://login.example.com"
	origin = "https://app.example.com"
)

// news is what the notices say to everybody, and what they do for Opera.
type news struct {
	all []operations.Notice
	sum operations.MethodOverrides
	who operations.Viewer // the last to ask
}

func (n *news) Concerning(_ context.Context, who operations.Viewer) []operations.Notice {
	n.who = who
	return n.all
}

func (n *news) Arrange(_ context.Context, who operations.Viewer) operations.MethodOverrides {
	if who.Browser != "Opera" {
		return operations.MethodOverrides{}
	}
	return n.sum
}

type world struct {
	http.Handler
	gate *availability.Gate
	news *news
}

func newWorld(t testing.TB, apps discovery.Apps, offer broker.Offer) world {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), store.Config{Driver: store.SQLite, Path: storetest.Fresh(t), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	told := &news{}
	gate, err := availability.New(t.Context(), availability.Deps{
		Store: db.Operations, Audit: audit.New(db.Audit, time.Now, log), Board: told, Now: time.Now, Log: log,
		Config: availability.Config{
			Order: login.Methods(), Built: []login.Method{login.MethodDirect, login.MethodLink, login.MethodQR},
			Minimum: "1.10.0", Recommended: "1.17.0", Alternative: "1.16.0",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	kit, err := web.New(web.Config{BaseURL: address, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	discovery.New(discovery.Deps{
		Web: kit, BaseURL: base, Gate: gate, Notices: told, Brokers: offering{offer: offer}, Clients: origins{origin}, Apps: apps,
		Stores: discovery.Stores{AppStore: "https://apple.example/?a=1&b=2", GooglePlay: "https://google.example", AppGallery: "https://huawei.example"},
	}).Mount(mux)
	return world{kit.Middleware(mux), gate, told}
}

func (w world) get(t testing.TB, address string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, base+address, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer := httptest.NewRecorder()
	w.ServeHTTP(answer, r)
	return answer
}

type answer struct {
	Methods []struct{ Method, State, Reason string }
	Alt     struct {
		Minimum   string `json:"minimum_version"`
		Available bool
	} `json:"alternative_methods"`
	Minimum     string            `json:"minimum_version"`
	Recommended string            `json:"recommended_version"`
	Stores      map[string]string `json:"stores"`
	Store       string
	Banks       []struct {
		ID, Name, Logo, Kind, Text string
		Available                  bool
	}
	Notices []struct{ ID, Date, Title, Text, Severity string }
}

func (w world) options(t testing.TB, query string) (a answer) {
	t.Helper()
	got := w.get(t, "/login-options?"+query)
	if got.Code != http.StatusOK || got.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%s: %d %s", query, got.Code, got.Body)
	}
	if err := json.Unmarshal(got.Body.Bytes(), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// states are the methods as "direct:on link:off …".
func (a answer) states() string {
	var all []string
	for _, m := range a.Methods {
		all = append(all, m.Method+":"+m.State)
	}
	return strings.Join(all, " ")
}

func TestOptionsByVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discovery.Apps{}, broker.Offer{})
	const (
		everything = "direct:on link:on qr:on credentials:off"
		directOnly = "direct:on link:off qr:off credentials:off"
	)
	for query, want := range map[string]struct {
		states    string
		available bool
		store     string
	}{
		"":                                {everything, true, ""},
		"platform=android&version=1.16.0": {everything, true, "https://google.example"},
		"platform=ios&version=1.16.0":     {everything, true, "https://apple.example/?a=1&b=2"},
		"platform=huawei&version=1.15.9":  {directOnly, false, "https://huawei.example"},
		"platform=web&version=1.9.0":      {directOnly, false, ""},
		"version=1.16.0-beta":             {directOnly, false, ""},
		"version=1.100.0":                 {everything, true, ""},
		"version=2":                       {everything, true, ""},
		"version=99.0.0&unknown=x":        {everything, true, ""},
	} {
		a := w.options(t, query)
		if a.states() != want.states || a.Alt.Available != want.available || a.Store != want.store {
			t.Errorf("%q: %s, available %v, store %q", query, a.states(), a.Alt.Available, a.Store)
		}
		if a.Minimum != "1.10.0" || a.Recommended != "1.17.0" || a.Alt.Minimum != "1.16.0" || len(a.Stores) != 3 {
			t.Errorf("%q: %+v", query, a)
		}
		if a.Banks == nil || a.Notices == nil {
			t.Errorf("%q: an empty list must be [], not null", query)
		}
		for _, m := range a.Methods {
			if (m.State == "off") != (m.Reason != "") {
				t.Errorf("%q: %s is %s because of %q", query, m.Method, m.State, m.Reason)
			}
		}
	}
	if old := w.options(t, "version=1.15.0&locale=en"); !strings.Contains(old.Methods[1].Reason, "1.16.0") {
		t.Errorf("an old app is not told which version it needs: %+v", old.Methods)
	}
}

func TestOptionsSpeakTheLanguage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discovery.Apps{}, broker.Offer{})
	err := w.gate.Set(t.Context(), operations.Switch{
		Name: operations.MethodSwitch(login.MethodLink), By: "system", Reasons: map[string]string{"fi": "Huolto klo 18 asti.", "sv": "Service till kl. 18."},
	})
	if err != nil {
		t.Fatal(err)
	}
	for locale, want := range map[string]string{
		"":      "Huolto klo 18 asti.",
		"fi":    "Huolto klo 18 asti.",
		"sv-FI": "Service till kl. 18.",
		"sv":    "Service till kl. 18.",
		"en":    "This login method is not available right now.", // the operator wrote none
		"en-GB": "This login method is not available right now.",
		"de":    "Huolto klo 18 asti.", // well-formed, not ours
		"qq":    "Huolto klo 18 asti.", // well-formed, nobody's
	} {
		if got := w.options(t, "locale="+locale).Methods[1]; got.State != "off" || got.Reason != want {
			t.Errorf("%q: %+v", locale, got)
		}
	}
}

func TestOptionsOfBanks(t *testing.T) {
	t.Parallel()
	means := func(id string, kind login.MeansKind, up bool, text string) broker.OfferedMeans {
		return broker.OfferedMeans{Means: login.Means{ID: id, Kind: kind, Name: "Bank " + id, Logo: "mobile.svg"}, Available: up, DisturbanceText: text}
	}
	w := newWorld(t, discovery.Apps{}, broker.Offer{
		Means: []broker.OfferedMeans{
			means("up", login.MeansBank, true, ""), means("down", login.MeansBank, false, ""), means("paused", login.MeansBank, true, ""),
			means("shaky", login.MeansBank, true, "Häiriö"), means("mobile", login.MeansMobile, true, ""),
		},
	})
	if err := w.gate.Set(t.Context(), operations.Switch{Name: operations.MeansSwitch("paused"), By: "system", Reasons: map[string]string{"fi": "Huolto."}}); err != nil {
		t.Fatal(err)
	}
	a := w.options(t, "locale=fi")
	var got []string
	for _, b := range a.Banks {
		got = append(got, b.ID+" "+b.Kind+" "+map[bool]string{true: "yes", false: "no"}[b.Available]+" "+b.Text)
		if !strings.HasPrefix(b.Logo, base+"/static/") || b.Name != "Bank "+b.ID {
			t.Errorf("%+v", b)
		}
	}
	want := []string{"up bank yes ", "down bank no Ei vastaa juuri nyt", "paused bank no Huolto.", "shaky bank yes Häiriö", "mobile mobile yes "}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("banks: %q", got)
	}
}

func TestOptionsOfNotices(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discovery.Apps{}, broker.Offer{})
	at := time.Date(2022, 5, 30, 22, 30, 0, 0, time.UTC) // a day later where the people are
	words := func(title, text string) map[string]operations.NoticeWords {
		return map[string]operations.NoticeWords{"fi": {Title: title, Text: text}, "sv": {Title: "sv", Text: "sv <b>"}}
	}
	w.news.all = []operations.Notice{
		{ID: "a", Severity: operations.SeverityWarning, Words: words("Opera", "Klo 18 asti.\nPahoittelut. <b>"), From: at},
		{ID: "b", Severity: operations.SeverityProblem, Words: words("Vain otsikko", ""), From: at, Source: "broker:op"},
	}
	a := w.options(t, "locale=fi")
	type out struct{ ID, Date, Title, Text, Severity string }
	want := []out{{"a", "2022-05-31", "Opera", "Klo 18 asti.\nPahoittelut. <b>", "warning"}, {"b", "", "", "Vain otsikko", "problem"}}
	for i, n := range a.Notices {
		if i >= len(want) || out(n) != want[i] {
			t.Errorf("%+v", n)
		}
	}
	if a = w.options(t, "locale=sv"); len(a.Notices) != 2 || a.Notices[0].Text != "sv <b>" {
		t.Errorf("sv: %+v", a.Notices)
	}
	if a = w.options(t, "locale=en"); len(a.Notices) != 2 || a.Notices[0].Title != "Opera" {
		t.Errorf("a language without words gets the first one's: %+v", a.Notices)
	}
	for range 50 {
		w.news.all = append(w.news.all, w.news.all[0])
	}
	if a = w.options(t, ""); len(a.Notices) != 10 {
		t.Errorf("%d notices in one answer", len(a.Notices))
	}
}

// Who asks is who the parameters say, else who the request says.
func TestOptionsKnowTheAsker(t *testing.T) {
	t.Parallel()
	const opera = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/98.0 Mobile Safari/537.36 OPR/68.3.3557.64528"
	w := newWorld(t, discovery.Apps{}, broker.Offer{})
	w.news.sum = operations.MethodOverrides{First: login.MethodLink, Off: map[login.Method]map[string]string{login.MethodQR: {"fi": "Ei Operassa."}}}
	for _, c := range []struct {
		query, agent string
		want         operations.Viewer
		states       string
	}{
		{"version=1.16.0", "", operations.Viewer{Platform: "web", AppVersion: "1.16.0"}, "direct:on link:on qr:on credentials:off"},
		{"version=1.16.0", opera, operations.Viewer{Platform: "android", Browser: "Opera", BrowserVersion: 68, AppVersion: "1.16.0"}, "link:on direct:on qr:off credentials:off"},
		{"version=1.16.0&platform=huawei", opera, operations.Viewer{Platform: "huawei", Browser: "Opera", BrowserVersion: 68, AppVersion: "1.16.0"}, "link:on direct:on qr:off credentials:off"},
		{"version=1.9.0&browser=Opera+76", "okhttp/4.12", operations.Viewer{Platform: "web", Browser: "Opera", BrowserVersion: 76, AppVersion: "1.9.0"}, "direct:on link:off qr:off credentials:off"}, // too old for the link
		{"version=1.16.0&browser=Chrome", opera, operations.Viewer{Platform: "android", Browser: "Chrome", AppVersion: "1.16.0"}, "direct:on link:on qr:on credentials:off"},
		{"version=1.16.0&browser=Via", opera, operations.Viewer{Platform: "android", AppVersion: "1.16.0"}, "direct:on link:on qr:on credentials:off"},
		{"platform=ios", "", operations.Viewer{Platform: "ios", AppVersion: "1.17.0"}, "direct:on link:on qr:on credentials:off"},
	} {
		got := w.get(t, "/login-options?"+c.query, "User-Agent", c.agent)
		var a answer
		if err := json.Unmarshal(got.Body.Bytes(), &a); err != nil {
			t.Fatal(err)
		}
		if w.news.who != c.want || a.states() != c.states {
			t.Errorf("%s %.90s:\n%+v %s\n%+v %s", c.query, c.agent, w.news.who, a.states(), c.want, c.states)
		}
		if vary := strings.Join(got.Header().Values("Vary"), ", "); !strings.Contains(vary, "User-Agent") || !strings.Contains(vary, "Sec-CH-UA-Platform") {
			t.Errorf("%s may be given to another browser: Vary %q", c.query, vary)
		}
	}
}

// What phones say of themselves keeps nobody out: an app without an answer shows no way in.
func TestOptionsForWhatPhonesSay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discovery.Apps{}, broker.Offer{})
	const everything, directOnly = "direct:on link:on qr:on credentials:off", "direct:on link:off qr:off credentials:off"
	for query, want := range map[string]struct {
		who    operations.Viewer
		lang   string
		states string
	}{
		"platform=iOS&version=1.16.0+(345)&locale=en_UA_%23u-fw-mon":            {operations.Viewer{Platform: "ios", AppVersion: "1.16.0"}, "en", everything},
		"platform=Android+14&version=1.16.0.345&locale=sv_FI%40rg%3Dsezzzz":     {operations.Viewer{Platform: "android", AppVersion: "1.16.0"}, "sv", everything},
		"platform=symbian&version=v1.16.0&locale=en-US-u-fw-mon-hc-h23":         {operations.Viewer{Platform: "web", AppVersion: "1.16.0"}, "en", everything},
		"version=nightly&locale=xx_YY":                                          {operations.Viewer{Platform: "web"}, "fi", directOnly}, // as at /par
		"version=" + strings.Repeat("1", 100) + "&locale=%ff":                   {operations.Viewer{Platform: "web"}, "fi", directOnly},
		"version=1.15&browser=Chrome+(Beta)+130&locale=%3Cscript%3E":            {operations.Viewer{Platform: "web", Browser: "Chrome", BrowserVersion: 130, AppVersion: "1.15.0"}, "fi", directOnly},
		"browser=Kiwi+Browser+%E2%80%93+Fast+%26+Quiet&locale=en-u-nu-latn-x-a": {operations.Viewer{Platform: "web", AppVersion: "1.17.0"}, "en", everything},
		"browser=%F0%9F%A6%8A+Fennec&locale=" + strings.Repeat("a-", 100):       {operations.Viewer{Platform: "web", Browser: "Firefox", AppVersion: "1.17.0"}, "fi", everything},
		"browser=com.opera.browser+69&platform=" + strings.Repeat("x", 1000):    {operations.Viewer{Platform: "web", Browser: "Opera", BrowserVersion: 69, AppVersion: "1.17.0"}, "fi", everything},
		"browser=Internet+20&platform=HarmonyOS":                                {operations.Viewer{Platform: "huawei", Browser: "Samsung Internet", BrowserVersion: 20, AppVersion: "1.17.0"}, "fi", everything},
		"browser=%3Cscript%3E&platform=%E2%80%AEios":                            {operations.Viewer{Platform: "web", AppVersion: "1.17.0"}, "fi", everything},
	} {
		got := w.get(t, "/login-options?"+query)
		var a answer
		if err := json.Unmarshal(got.Body.Bytes(), &a); err != nil || got.Code != http.StatusOK {
			t.Fatalf("%.80s: %d %v", query, got.Code, err)
		}
		if lang := got.Header().Get("Content-Language"); w.news.who != want.who || a.states() != want.states || lang != want.lang {
			t.Errorf("%.80s:\n%+v %s %s\n%+v %s %s", query, w.news.who, a.states(), lang, want.who, want.states, want.lang)
		}
	}
}

func TestGarbageIsRefusedByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discovery.Apps{}, broker.Offer{})
	for query, param := range map[string]string{
		"version=1.16.0%00":                       "version",
		"locale=fi;DROP":                          "query",
		"version=1.16.0&version=1.0.0":            "version",
		"%3Cb%3E=1&%3Cb%3E=2":                     "unknown",
		"platform=" + strings.Repeat("x", 10_000): "platform",
		"browser=Opera%0076":                      "browser",
	} {
		got := w.get(t, "/login-options?"+query)
		var problem struct{ Parameter, Reason, Detail string }
		if err := json.Unmarshal(got.Body.Bytes(), &problem); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if got.Code != http.StatusBadRequest || got.Header().Get("Content-Type") != "application/problem+json" ||
			problem.Parameter != param || problem.Reason != "request_invalid" || problem.Detail == "" {
			t.Errorf("%.60s: %d %s", query, got.Code, got.Body)
		}
		if got.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%.60s: a mistake may be cached: %s", query, got.Header().Get("Cache-Control"))
		}
	}
}

func TestOptionsMayBeReadByOurAppsAndCachedBriefly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discovery.Apps{}, broker.Offer{})
	for from, want := range map[string]string{origin: origin, "https://evil.example": "", "null": ""} {
		if got := w.get(t, "/login-options", "Origin", from).Header().Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%s may read as %q", from, got)
		}
	}
	h := w.get(t, "/login-options", "Cookie", "avain-lang=en").Header()
	if h.Get("Cache-Control") != "public, max-age=15" || !slices.Contains(h.Values("Vary"), "Origin") {
		t.Errorf("%v", h)
	}
	if h.Get("Set-Cookie") != "" || h.Get("Content-Language") != "fi" {
		t.Errorf("a public answer must know nothing of who asks: %v", h)
	}
}

func TestFilesThatLetAppsOpenOurAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discovery.Apps{
		Android: []discovery.AndroidApp{{Package: "com.example.pay", Fingerprints: []string{"AA:BB"}}},
		IOS:     []string{"A1B2C3D4E5.com.example.pay"}, Harmony: []string{"12345"},
	}, broker.Offer{})
	const paths = `[{"/":"/return"},{"/":"/open"},{"/":"*","exclude":true}]`
	for path, want := range map[string]string{
		"/.well-known/assetlinks.json": `[{"relation":["delegate_permission/common.handle_all_urls"],` +
			`"target":{"namespace":"android_app","package_name":"com.example.pay","sha256_cert_fingerprints":["AA:BB"]},` +
			`"relation_extensions":{"delegate_permission/common.handle_all_urls":{"dynamic_app_link_components":` + paths + `}}}]`,
		"/.well-known/apple-app-site-association": `{"applinks":{"details":[{"appIDs":["A1B2C3D4E5.com.example.pay"],"components":` + paths + `}]}}`,
		"/.well-known/applinking.json":            `{"applinking":{"apps":[{"appIdentifier":"12345"}]}}`,
	} {
		got := w.get(t, path)
		if got.Code != http.StatusOK || got.Header().Get("Content-Type") != "application/json" || strings.TrimSpace(got.Body.String()) != want {
			t.Errorf("%s: %d %s\n%s", path, got.Code, got.Header().Get("Content-Type"), got.Body)
		}
	}
}

func TestFilesWithoutApps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discovery.Apps{}, broker.Offer{})
	for path, want := range map[string]string{
		"/.well-known/assetlinks.json":            `[]`,
		"/.well-known/apple-app-site-association": `{"applinks":{"details":[]}}`,
		"/.well-known/applinking.json":            `{"applinking":{"apps":[]}}`,
	} {
		if got := w.get(t, path); strings.TrimSpace(got.Body.String()) != want {
			t.Errorf("%s: %s", path, got.Body)
		}
	}
}

// FuzzLoginOptions: whatever is asked, the answer is a document or a problem that
// names a parameter, never a fault of ours, and never what came in.
func FuzzLoginOptions(f *testing.F) {
	for _, seed := range []string{
		"", "platform=android&version=1.16.0&locale=fi", "version=1.9.0", "version=%00", "locale=x-a-b", "platform=ios&platform=web",
		"browser=Opera+76", "browser=%E2%80%AE", "a=%zz", "version=1.16.0-beta.1%2Bx", "locale=" + strings.Repeat("a-", 50), "%ff=%ff", "version=00000000000000000000001",
	} {
		f.Add(seed)
	}
	w := newWorld(f, discovery.Apps{}, broker.Offer{})
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, base+"/login-options", nil)
		r.URL.RawQuery = query
		got := httptest.NewRecorder()
		w.ServeHTTP(got, r)
		var document map[string]any
		if err := json.Unmarshal(got.Body.Bytes(), &document); err != nil {
			t.Fatalf("%q: %s", query, got.Body)
		}
		switch got.Code {
		case http.StatusOK:
			if methods, ok := document["methods"].([]any); !ok || len(methods) != 4 {
				t.Errorf("%q: %s", query, got.Body)
			}
		case http.StatusBadRequest:
			if name, ok := document["parameter"].(string); !ok || name == "" {
				t.Errorf("%q: %s", query, got.Body)
			}
		default:
			t.Errorf("%q: %d %s", query, got.Code, got.Body)
		}
	})
}
