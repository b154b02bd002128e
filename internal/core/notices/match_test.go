package notices_test

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"avain/internal/core/notices"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/web"

	"pgregory.net/rapid"
)

// agent is one line of the table of real browsers.
type agent struct{ label, header string }

func agents(t testing.TB) (all []agent) {
	t.Helper()
	file, err := os.Open("../../platform/web/testdata/agents.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if fields := strings.Split(lines.Text(), "\t"); len(fields) == 5 {
			all = append(all, agent{fields[3], fields[4]})
		}
	}
	if len(all) < 60 {
		t.Fatalf("only %d browsers", len(all))
	}
	return all
}

// Whom each audience concerns, of all real browsers: those whose label begins and ends
// so, and nobody else.
func TestTargetingRealBrowsers(t *testing.T) {
	t.Parallel()
	browsers := func(all ...operations.BrowserRange) operations.Audience { return operations.Audience{Browsers: all} }
	for _, c := range []struct {
		name     string
		audience operations.Audience
		want     func(label string) bool
	}{
		{"everybody", operations.Audience{}, func(string) bool { return true }},
		{"Opera on Android", operations.Audience{Platforms: []string{"android"}, Browsers: []operations.BrowserRange{{Family: "Opera"}}}, func(label string) bool {
			return strings.HasPrefix(label, "Opera ") && !strings.HasPrefix(label, "Opera Mini") && !strings.HasPrefix(label, "Opera GX") &&
				strings.HasSuffix(label, "on Android")
		}},
		{"every Opera", browsers(operations.BrowserRange{Family: "Opera"}, operations.BrowserRange{Family: "Opera Mini"}, operations.BrowserRange{Family: "Opera GX"},
			operations.BrowserRange{Family: "Opera Touch"}), func(label string) bool { return strings.HasPrefix(label, "Opera") }},
		{"old Opera", browsers(operations.BrowserRange{Family: "Opera", Max: 68}), func(label string) bool {
			return slices.Contains([]string{"Opera 68 on Android", "Opera 52 on Android", "Opera 60 on HarmonyOS"}, label)
		}},
		{"Opera from 86 to 106", browsers(operations.BrowserRange{Family: "Opera", Min: 86, Max: 106}), func(label string) bool {
			return label == "Opera 86 on Android" || label == "Opera 106 on Windows"
		}},
		{"Samsung Internet", browsers(operations.BrowserRange{Family: "Samsung Internet"}), func(label string) bool { return strings.HasPrefix(label, "Samsung") }},
		{"Firefox on iPhone", operations.Audience{Platforms: []string{"ios"}, Browsers: []operations.BrowserRange{{Family: "Firefox"}}}, func(label string) bool {
			return label == "Firefox 128 on iOS"
		}},
		{"DuckDuckGo", browsers(operations.BrowserRange{Family: "DuckDuckGo"}), func(label string) bool { return strings.HasPrefix(label, "DuckDuckGo") }},
		{"Huawei", operations.Audience{Platforms: []string{"huawei"}}, func(label string) bool {
			return strings.HasSuffix(label, "on HarmonyOS") || strings.HasPrefix(label, "Huawei")
		}},
		{"computers", operations.Audience{Platforms: []string{"web"}}, func(label string) bool {
			return !slices.ContainsFunc([]string{"on Android", "on iOS", "on HarmonyOS"}, func(s string) bool { return strings.HasSuffix(label, s) })
		}},
		{"in other apps", browsers(operations.BrowserRange{Family: "In-app browser"}), func(label string) bool { return strings.HasPrefix(label, "In-app") }},
		{"Safari 16 or older", browsers(operations.BrowserRange{Family: "Safari", Max: 16}), func(label string) bool {
			return label == "Safari 16 on iOS" || label == "Safari 15 on iOS"
		}},
		{"Chrome and Edge from 130", browsers(operations.BrowserRange{Family: "Chrome", Min: 130}, operations.BrowserRange{Family: "Edge", Min: 130}), func(label string) bool {
			return strings.HasPrefix(label, "Chrome 14") || strings.HasPrefix(label, "Chrome 138") || strings.HasPrefix(label, "Edge 130")
		}},
		{"nobody has it", browsers(operations.BrowserRange{Family: "Brave"}), func(string) bool { return false }},
	} {
		for _, a := range agents(t) {
			who := web.AskerOf(&http.Request{Header: http.Header{"User-Agent": {a.header}}})
			if got := notices.Concerns(c.audience, who); got != c.want(a.label) {
				t.Errorf("%s: %s is concerned: %v\n%s", c.name, a.label, got, a.header)
			}
		}
	}
}

// What an asker does not say fails no condition but the one on the family.
func TestTargetingWhoSaysLittle(t *testing.T) {
	t.Parallel()
	full := operations.Audience{
		Platforms: []string{"android"}, Browsers: []operations.BrowserRange{{Family: "Opera", Min: 60, Max: 70}},
		App: operations.VersionRange{Min: "1.9.0", Max: "1.16.0"}, Methods: []login.Method{login.MethodLink}, Means: []string{"nordea"},
	}
	fits := operations.Viewer{Platform: "android", Browser: "Opera", BrowserVersion: 65, AppVersion: "1.16.0", Method: login.MethodLink, Means: "nordea"}
	for name, c := range map[string]struct {
		change func(*operations.Viewer)
		want   bool
	}{
		"fits": {func(*operations.Viewer) {}, true},

		"no platform": {func(a *operations.Viewer) { a.Platform = "" }, true}, "other platform": {func(a *operations.Viewer) { a.Platform = "ios" }, false},
		"no family": {func(a *operations.Viewer) { a.Browser, a.BrowserVersion = "", 0 }, false}, "other family": {func(a *operations.Viewer) { a.Browser = "Chrome" }, false},
		"no version": {func(a *operations.Viewer) { a.BrowserVersion = 0 }, true}, "older": {func(a *operations.Viewer) { a.BrowserVersion = 59 }, false},
		"newer": {func(a *operations.Viewer) { a.BrowserVersion = 71 }, false}, "first": {func(a *operations.Viewer) { a.BrowserVersion = 60 }, true},
		"last": {func(a *operations.Viewer) { a.BrowserVersion = 70 }, true}, "no app": {func(a *operations.Viewer) { a.AppVersion = "" }, true},
		"older app": {func(a *operations.Viewer) { a.AppVersion = "1.8.9" }, false}, "as a number older": {func(a *operations.Viewer) { a.AppVersion = "1.10.0" }, true},
		"newer app": {func(a *operations.Viewer) { a.AppVersion = "1.16.1" }, false}, "before the last": {func(a *operations.Viewer) { a.AppVersion = "1.16.0-rc.1" }, true},
		"no method": {func(a *operations.Viewer) { a.Method = "" }, true}, "other method": {func(a *operations.Viewer) { a.Method = login.MethodQR }, false},
		"no means": {func(a *operations.Viewer) { a.Means = "" }, true}, "other means": {func(a *operations.Viewer) { a.Means = "op" }, false},
	} {
		who := fits
		c.change(&who)
		if got := notices.Concerns(full, who); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if notices.Concerns(operations.Audience{App: operations.VersionRange{Min: "1.16.0"}}, operations.Viewer{AppVersion: "1.9.0"}) {
		t.Error("1.9.0 is taken for newer than 1.16.0")
	}
}

func TestVersionRangesAreOrdered(t *testing.T) {
	t.Parallel()
	number := rapid.IntRange(0, 40)
	version := rapid.Custom(func(t *rapid.T) [3]int {
		return [3]int{number.Draw(t, "major"), number.Draw(t, "minor"), number.Draw(t, "patch")}
	})
	text := func(v [3]int) string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }
	order := func(a, b [3]int) int { return slices.Compare(a[:], b[:]) }
	rapid.Check(t, func(t *rapid.T) {
		low, high, v := version.Draw(t, "low"), version.Draw(t, "high"), version.Draw(t, "v")
		who := operations.Viewer{AppVersion: text(v)}
		between := notices.Concerns(operations.Audience{App: operations.VersionRange{Min: text(low), Max: text(high)}}, who)
		if want := order(low, v) <= 0 && order(v, high) <= 0; between != want {
			t.Fatalf("%v in %v–%v: %v", v, low, high, between)
		}
		if from, to := notices.Concerns(operations.Audience{App: operations.VersionRange{Min: text(low)}}, who),
			notices.Concerns(operations.Audience{App: operations.VersionRange{Max: text(high)}}, who); (from && to) != between {
			t.Fatalf("%v in %v–%v: %v, but %v and %v", v, low, high, between, from, to)
		}
	})
}

func TestBrowserRangesAreOrdered(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		edge := rapid.IntRange(0, 200)
		r, v := operations.BrowserRange{Family: "Opera", Min: edge.Draw(t, "min"), Max: edge.Draw(t, "max")}, rapid.IntRange(1, 200).Draw(t, "v")
		want := v >= r.Min && (r.Max == 0 || v <= r.Max)
		if got := notices.Concerns(operations.Audience{Browsers: []operations.BrowserRange{r}}, operations.Viewer{Browser: "Opera", BrowserVersion: v}); got != want {
			t.Fatalf("%d in %+v: %v", v, r, got)
		}
	})
}
