package web_test

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"avain/internal/domain/operations"
	"avain/internal/platform/web"
)

// Real browsers, in-app ones included, on every system that people use here. Package
// notices aims at the same table.
func TestAgents(t *testing.T) {
	t.Parallel()
	file, err := os.Open("testdata/agents.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	n := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != 5 {
			continue
		}
		n++
		major, err := strconv.Atoi(fields[1])
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("User-Agent", fields[4])
		if got, want := web.AskerOf(r), (operations.Viewer{Browser: fields[0], BrowserVersion: major, Platform: fields[2]}); got != want {
			t.Errorf("%s\n got %+v\nwant %+v", fields[4], got, want)
		}
		if got := web.BrowserLabel(r); got != fields[3] {
			t.Errorf("%s\n got %s\nwant %s", fields[4], got, fields[3])
		}
		if fields[0] != "" && !slices.Contains(web.Families(), fields[0]) {
			t.Errorf("%s is not among the families", fields[0])
		}
	}
	if n < 60 {
		t.Errorf("only %d browsers", n)
	}
}

// What the User-Agent hides, the client hints of Chromium may tell.
func TestAgentsByHints(t *testing.T) {
	t.Parallel()
	const (
		phone   = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36"
		desktop = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
	)
	for _, c := range []struct {
		agent, brands, platform string
		want                    operations.Viewer
	}{
		{phone, `"Chromium";v="130", "Google Chrome";v="130", "Not?A_Brand";v="99"`, `"Android"`, operations.Viewer{Platform: "android", Browser: "Chrome", BrowserVersion: 130}},
		{phone, `"Chromium";v="130", "Brave";v="130", "Not?A_Brand";v="99"`, `"Android"`, operations.Viewer{Platform: "android", Browser: "Brave", BrowserVersion: 130}},
		{phone, `"OperaMobile";v="86", ";Not A Brand";v="99", "Opera";v="115", "Chromium";v="130"`, `"Android"`, operations.Viewer{Platform: "android", Browser: "Opera", BrowserVersion: 86}},
		{phone, `"Opera";v="115", "OperaMobile";v="86", "Chromium";v="130"`, `"Android"`, operations.Viewer{Platform: "android", Browser: "Opera", BrowserVersion: 86}},
		{desktop + " OPR/114.0.0.0", `"Chromium";v="128", "Opera GX";v="114"`, `"Windows"`, operations.Viewer{Platform: "web", Browser: "Opera GX", BrowserVersion: 114}},
		{desktop, `"Chromium";v="130", "Brave";v="130"`, `"Android"`, operations.Viewer{Platform: "android", Browser: "Brave", BrowserVersion: 130}}, // desktop pages on a phone
		{phone, strings.Repeat(`"Chromium";v="130", `, 5000) + `"Brave";v="130"`, "", operations.Viewer{Platform: "android", Browser: "Chrome", BrowserVersion: 130}},
		{phone + " EdgA/130.0", `"Brave";v="1"`, "", operations.Viewer{Platform: "android", Browser: "Edge", BrowserVersion: 130}}, // who names itself is believed
		{phone, `"<script>";v="1", "Opera";v="99999"`, `"Android`, operations.Viewer{Platform: "android", Browser: "Chrome", BrowserVersion: 130}},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("User-Agent", c.agent)
		r.Header.Set("Sec-CH-UA", c.brands)
		r.Header.Set("Sec-CH-UA-Platform", c.platform)
		if got := web.AskerOf(r); got != c.want {
			t.Errorf("%.80s %.80s\n got %+v\nwant %+v", c.agent, c.brands, got, c.want)
		}
	}
}

// The labels that phones show and the names of packages, with where they were seen. What
// nobody knows is unknown, and not what it resembles.
func TestParseBrowser(t *testing.T) {
	t.Parallel()
	const (
		mozilla = "Browsers.kt of mozilla-mobile/android-components"
		store   = "title on Google Play"
	)
	for _, c := range []struct {
		from, in, family string
		major            int
	}{
		{"plain", "Opera 76", "Opera", 76},
		{"plain", "opera 76.2.4027.5", "Opera", 76},
		{"plain", "Opera", "Opera", 0},
		{"plain", "Samsung Internet 27.0", "Samsung Internet", 27},
		{"plain", "Opera Mini", "Opera Mini", 0},
		{"plain", "Mi Browser", "Mi Browser", 0},
		{"a beta's label", "Chrome (Beta) 130", "Chrome", 130},
		{"a beta's label", "Chrome Beta", "Chrome", 0},
		{"a beta's label", "Opera beta 69.3", "Opera", 69},
		{"a beta's label", "Opera Mini beta", "Opera Mini", 0},
		{"a beta's label", "Firefox Nightly 133.0a1", "", 0}, // the version is none: nobody guesses
		{"a beta's label", "Firefox Nightly 133.0", "Firefox", 133},
		{"a beta's label", "Samsung Internet Beta 27", "Samsung Internet", 27},
		{"a beta's label", "Edge Canary", "Edge", 0},
		{"a beta's label", "Vivaldi Snapshot", "Vivaldi", 0},
		{"Samsung's own label", "Internet 20", "Samsung Internet", 20},
		{"Samsung's own label", "Internet Beta", "Samsung Internet", 0},
		{"f-droid.org/packages/org.mozilla.fennec_fdroid", "🦊 Fennec", "Firefox", 0},
		{"f-droid.org/packages/org.mozilla.fennec_fdroid", "Fennec F-Droid 132.0", "Firefox", 132},
		{store, "Google Chrome: Fast & Secure", "Chrome", 0},
		{store, "Firefox: Private Web Browser", "Firefox", 0},
		{store, "Microsoft Edge: AI browser", "Edge", 0},
		{store, "Huawei Browser\u200f 14", "Huawei Browser", 14},
		{store, "UC Browser-Safe, Fast, Private", "", 0},
		{store, "Kiwi Browser – Fast & Quiet", "", 0},
		{store, "Kiwi Browser - Fast & Quiet 132", "", 0},
		{store, "Via 5", "", 0},
		{"version in brackets", "Chrome (130.0.6723.58)", "Chrome", 130},
		{"version with a v", "Opera v76.2", "Opera", 76},
		{"blanks that are none", "Samsung\u00a0Internet\t20", "Samsung Internet", 20},
		{mozilla, "com.opera.browser 69", "Opera", 69},
		{mozilla, "com.opera.browser.beta 69.3", "Opera", 69},
		{mozilla, "com.opera.mini.native.beta", "Opera Mini", 0},
		{mozilla, "com.chrome.beta 130.0.6723.58", "Chrome", 130},
		{mozilla, "com.chrome.canary", "Chrome", 0},
		{mozilla, "com.android.chrome", "Chrome", 0},
		{mozilla, "org.mozilla.firefox_beta 132", "Firefox", 132},
		{mozilla, "org.mozilla.fennec_aurora", "Firefox", 0},
		{mozilla, "org.mozilla.fennec_fdroid 132.0.1", "Firefox", 132},
		{mozilla, "org.mozilla.fenix.debug", "Firefox", 0},
		{mozilla, "com.sec.android.app.sbrowser.beta 20", "Samsung Internet", 20},
		{mozilla, "com.UCMobile.intl", "UC Browser", 0},
		{mozilla, "com.android.browser", "", 0}, // each maker's own
		{mozilla, "mobi.mgeek.TunnyBrowser 12", "", 0},
		{"github.com/kiwibrowser/src", "com.kiwibrowser.browser 132", "", 0},
		{"another app of the same vendor", "com.opera.gx 2", "Opera GX", 2},
		{"another app of the same vendor", "com.opera.news", "", 0},
		{"a name that begins alike", "Operanews 5", "", 0},
		{"a name that begins alike", "Chrome Remote Desktop", "", 0},
		{"a name that begins alike", "com.opera.browser.evil 1", "", 0},
		{"a name that begins alike", "Internet Speed Test 3", "", 0},
		{"our own word", "In-app browser", "", 0},
	} {
		if family, major := web.ParseBrowser(c.in); family != c.family || major != c.major {
			t.Errorf("%s: %q is %q %d, want %q %d", c.from, c.in, family, major, c.family, c.major)
		}
	}
	for _, bad := range []string{"", " ", "76", "Opera<76>", "<script>", "Opera/76", "😀", "beta", ".", "com..opera", "Mozilla/5.0 (X11; Linux)", strings.Repeat("a", 1<<16)} {
		if family, major := web.ParseBrowser(bad); family != "" || major != 0 {
			t.Errorf("%.60q is taken for %q %d", bad, family, major)
		}
	}
	for _, family := range web.Families() {
		if got, major := web.ParseBrowser(family + " 7"); family != "In-app browser" && (got != family || major != 7) {
			t.Errorf("%s is taken for %q %d", family, got, major)
		}
	}
}

func FuzzAskerOf(f *testing.F) {
	f.Add("Mozilla/5.0 (Linux; Android 12) Chrome/100.0 Mobile Safari/537.36 OPR/69.3", `"Opera";v="1"`, `"Android"`)
	f.Add("OPR/", `"";v=""`, `"`)
	f.Add("OPR/99999999999 FBAN/", `"Brave";v="99999"`, "\x00")
	families := web.Families()
	f.Fuzz(func(t *testing.T, agent, brands, platform string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("User-Agent", agent)
		r.Header.Set("Sec-CH-UA", brands)
		r.Header.Set("Sec-CH-UA-Platform", platform)
		got := web.AskerOf(r)
		if got.Browser != "" && !slices.Contains(families, got.Browser) || got.BrowserVersion < 0 || got.BrowserVersion > 9999 ||
			!slices.Contains([]string{"android", "ios", "huawei", "web"}, got.Platform) {
			t.Errorf("%+v", got)
		}
		if family, major := web.ParseBrowser(agent); major < 0 || major > 9999 || family != "" && !slices.Contains(families, family) {
			t.Errorf("%q: %q %d", agent, family, major)
		}
	})
}
