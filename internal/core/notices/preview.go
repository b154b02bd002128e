package notices

import (
	"net/http"
	"strconv"
	"strings"

	"avain/internal/domain/operations"
	"avain/internal/platform/web"
)

// Seen is one device of those that [Preview] tries.
type Seen struct {
	Device    string // "Opera 86 · Android"
	Concerned bool
}

// Preview tries an audience on devices as people have them.
func Preview(a operations.Audience) []Seen {
	agents := examples()
	all := make([]Seen, 0, len(agents)+len(appVersions))
	for _, agent := range agents {
		r := &http.Request{Header: http.Header{"User-Agent": {agent}}}
		name := strings.Replace(web.BrowserLabel(r), " on ", " · ", 1)
		all = append(all, Seen{name, Concerns(a, web.AskerOf(r))})
	}
	for _, version := range appVersions {
		// The app of a phone whose browser it does not know.
		all = append(all, Seen{"App " + version + " · Android", Concerns(a, operations.Viewer{Platform: "android", AppVersion: version})})
	}
	return all
}

// appVersions are tried beside the browsers, around the version from which the
// alternative methods work.
var appVersions = [...]string{"1.9.0", "1.16.0", "2.0.0"}

// examples are the browsers that people use here most, and those that make trouble most
// often, as they call themselves.
func examples() []string {
	const (
		blink  = " AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"
		webKit = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
		phone  = "Mozilla/5.0 (Linux; Android 10; K)" + blink + " Mobile Safari/537.36"
	)
	return []string{
		phone,
		phone + " OPR/86.0.0.0",
		phone + " OPR/69.3.3606.65458",
		"Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; fi) Presto/2.12.423 Version/12.16",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36",
		"Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0",
		"Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130.0.6723.106 Mobile DuckDuckGo/5 Safari/537.36",
		phone + " EdgA/140.0.0.0",
		"Mozilla/5.0 (Linux; Android 13; Pixel 6 Build/TQ1A; wv)" + blink + " Mobile Safari/537.36",
		webKit + " Version/18.6 Mobile/15E148 Safari/604.1",
		webKit + " CriOS/140.0.7339.101 Mobile/15E148 Safari/604.1",
		webKit + " FxiOS/140.0 Mobile/15E148 Safari/605.1.15",
		webKit + " Version/18.6 Mobile/15E148 Safari/604.1 Ddg/18.6",
		webKit + " Version/18.6 Mobile/15E148 Safari/604.1 OPT/5.0.2",
		"Mozilla/5.0 (Linux; Android 12; HarmonyOS; NOH-AN00; HMSCore 6.8.0.332) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.4844.88 HuaweiBrowser/13.0.0.310 Mobile Safari/537.36",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64)" + blink + " Safari/537.36",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64)" + blink + " Safari/537.36 Edg/140.0.0.0",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64)" + blink + " Safari/537.36 OPR/124.0.0.0",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
	}
}

// Describe says in a sentence whom a notice concerns and what it does, in fi, sv or en.
// Means are named by the given function, or by their id.
func Describe(n operations.Notice, lang string, name func(means string) string) string {
	w, ok := phrases[lang]
	if !ok {
		w = phrases["en"]
	}
	sentence := w.everybody
	if a := n.Audience; !a.Everybody() {
		var conditions []string
		add := func(label string, words []string) {
			if len(words) > 0 {
				conditions = append(conditions, label+" "+strings.Join(words, ", "))
			}
		}
		add(w.device, each(a.Platforms, func(p string) string { return w.platforms[p] }))
		add(w.browser, each(a.Browsers, func(r operations.BrowserRange) string {
			return strings.TrimSpace(r.Family + " " + w.span(major(r.Min), major(r.Max)))
		}))
		if a.App != (operations.VersionRange{}) {
			add(w.app, []string{w.span(a.App.Min, a.App.Max)})
		}
		add(w.method, each(a.Methods, w.methodName))
		add(w.means, each(a.Means, name))
		sentence = w.only + " " + strings.Join(conditions, "; ") + "."
	}
	if len(n.Act.Off) > 0 {
		sentence += " " + w.off + " " + strings.Join(each(n.Act.Off, w.methodName), ", ") + "."
	}
	if n.Act.First != "" {
		sentence += " " + w.first + " " + w.methodName(n.Act.First) + "."
	}
	return sentence
}

func each[T any](all []T, word func(T) string) []string {
	words := make([]string, len(all))
	for i, one := range all {
		words[i] = word(one)
	}
	return words
}

func major(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
