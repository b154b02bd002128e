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

	"avain/internal/login"
	"avain/internal/web"
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
		if got, want := web.AskerOf(r), (login.Asker{Browser: fields[0], BrowserVersion: major, Platform: fields[2]}); got != want {
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
		want                    login.Asker
	}{
		{phone, `"Chromium";v="130", "Google Chrome";v="130", "Not?A_Brand";v="99"`, `"Android"`, login.Asker{Platform: "android", Browser: "Chrome", BrowserVersion: 130}},
		{phone, `"Chromium";v="130", "Brave";v="130", "Not?A_Brand";v="99"`, `"Android"`, login.Asker{Platform: "android", Browser: "Brave", BrowserVersion: 130}},
		{phone, `"OperaMobile";v="86", ";Not A Brand";v="99", "Opera";v="115", "Chromium";v="130"`, `"Android"`, login.Asker{Platform: "android", Browser: "Opera", BrowserVersion: 86}},
		{phone, `"Opera";v="115", "OperaMobile";v="86", "Chromium";v="130"`, `"Android"`, login.Asker{Platform: "android", Browser: "Opera", BrowserVersion: 86}},
		{desktop + " OPR/114.0.0.0", `"Chromium";v="128", "Opera GX";v="114"`, `"Windows"`, login.Asker{Platform: "web", Browser: "Opera GX", BrowserVersion: 114}},
		{desktop, `"Chromium";v="130", "Brave";v="130"`, `"Android"`, login.Asker{Platform: "android", Browser: "Brave", BrowserVersion: 130}}, // desktop pages on a phone
		{phone, strings.Repeat(`"Chromium";v="130", `, 5000) + `"Brave";v="130"`, "", login.Asker{Platform: "android", Browser: "Chrome", BrowserVersion: 130}},
		{phone + " EdgA/130.0", `"Brave";v="1"`, "", login.Asker{Platform: "android", Browser: "Edge", BrowserVersion: 130}}, // who names itself is believed
		{phone, `"<script>";v="1", "Opera";v="99999"`, `"Android`, login.Asker{Platform: "android", Browser: "Chrome", BrowserVersion: 130}},
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

func TestParseBrowser(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in, family string
		major      int
	}{
		{"Opera 76", "Opera", 76},
		{"opera 76.2.4027.5", "Opera", 76},
		{"Opera", "Opera", 0},
		{"Samsung Internet 27.0", "Samsung Internet", 27},
		{"Opera Mini", "Opera Mini", 0},
		{"Via 5", "", 0}, // well-formed and not known: served like any other
		{"Mi Browser", "Mi Browser", 0},
	} {
		if family, major, ok := web.ParseBrowser(c.in); !ok || family != c.family || major != c.major {
			t.Errorf("%q is %q %d %v", c.in, family, major, ok)
		}
	}
	for _, bad := range []string{"", " ", "76", "Opera\n76", "Opera<76>", "<script>", "Opera 76\x00", "😀", strings.Repeat("a", 41), "Opera/76", "Opera\u202e76", "Mozilla/5.0 (X11; Linux)"} {
		if family, major, ok := web.ParseBrowser(bad); ok {
			t.Errorf("%q is taken for %q %d", bad, family, major)
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
		if _, major, ok := web.ParseBrowser(agent); ok && (major < 0 || major > 9999) {
			t.Errorf("%q: %d", agent, major)
		}
	})
}
