package web

import (
	"net/http"
	"strings"

	"github.com/mileusna/useragent"
)

// CrossOriginPage is [Kit.Page] for the two routes that the standards let other
// sites post to: the authorization and the logout endpoint. Nothing that they do
// rests on a cookie.
func (k *Kit) CrossOriginPage(h Handler) http.Handler { return k.handle(k.errorPage, h) }

// OnPhone guesses whether the page is looked at on a phone, to show first what helps
// there. Whoever guesses wrong offers the other way too.
func OnPhone(r *http.Request) bool {
	if hint := r.Header.Get("Sec-CH-UA-Mobile"); hint != "" {
		return hint == "?1"
	}
	return strings.Contains(r.UserAgent(), "Mobi") // every phone's browser says so, and few tablets'
}

// maxAgent is how much of a User-Agent header is read: parsing must stay cheap
// whatever is sent.
const maxAgent = 512

// BrowserLabel names the browser of a request for people who help: family, major
// version and system, such as "Opera 76 on Android". It is not precise enough to
// recognise anybody, and what the browser sent is never repeated: unknown families
// are called "other".
func BrowserLabel(r *http.Request) string {
	header := r.UserAgent()
	if len(header) > maxAgent {
		header = header[:maxAgent]
	}
	agent := useragent.Parse(header)
	family, known := families[agent.Name]
	if !known {
		family = "other"
	}
	label := family
	if known && agent.VersionNo.Major > 0 {
		major, _, _ := strings.Cut(agent.Version, ".")
		label += " " + word(major)
	}
	if system, ok := systems[agent.OS]; ok {
		label += " on " + system
	}
	return label
}

// The names that a label may hold.
var (
	families = map[string]string{
		useragent.Chrome: "Chrome", useragent.HeadlessChrome: "Chrome", useragent.Safari: "Safari", useragent.Firefox: "Firefox",
		useragent.Edge: "Edge", useragent.Opera: "Opera", useragent.OperaMini: "Opera Mini", useragent.OperaTouch: "Opera Touch",
		useragent.Vivaldi: "Vivaldi", "Samsung Browser": "Samsung Internet", "DuckDuckGo": "DuckDuckGo", "Huawei Browser": "Huawei Browser",
		"Android browser": "Android Browser",
	}
	systems = map[string]string{
		useragent.Android: "Android", useragent.IOS: "iOS", useragent.Windows: "Windows", useragent.MacOS: "macOS",
		useragent.Linux: "Linux", useragent.ChromeOS: "ChromeOS", "Harmony": "HarmonyOS", "HarmonyOS": "HarmonyOS",
	}
)
