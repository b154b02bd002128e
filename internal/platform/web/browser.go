package web

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"

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

// maxAgent is how much of a User-Agent or client hint is read, in bytes: parsing must
// stay cheap whatever is sent.
const maxAgent = 512

// AgentHeaders are what the answers vary with that [AskerOf] has chosen.
const AgentHeaders = "User-Agent, Sec-CH-UA, Sec-CH-UA-Platform"

// BrowserLabel names the browser of a request for people who help: family, major
// version and system, such as "Opera 76 on Android". It is not precise enough to
// recognise anybody, and what the browser sent is never repeated: unknown families
// are called "other".
func BrowserLabel(r *http.Request) string {
	b := browserOf(r)
	label := b.family
	if label == "" {
		label = "other"
	} else if b.major > 0 {
		label += " " + strconv.Itoa(b.major)
	}
	if b.system != "" {
		label += " on " + b.system
	}
	return label
}

// AskerOf guesses who is asking: the browser by its family and major version, and the
// platform. Anybody can say anything here. It chooses what is shown and opens nothing.
func AskerOf(r *http.Request) operations.Viewer {
	b := browserOf(r)
	return operations.Viewer{Platform: b.platform, Browser: b.family, BrowserVersion: b.major}
}

// AskerWith is the asker whose app has said something of the device, and which method is
// used. On a page it is the browser in the person's hand that counts, if it says what it
// runs on: the app that began the login may be on another device.
func AskerWith(r *http.Request, d login.Device, m login.Method) operations.Viewer {
	who := AskerOf(r)
	if d.Platform != "" && who.Platform == "web" {
		who.Platform = d.Platform
	}
	who.AppVersion, who.Method = d.Version(), m
	return who
}

// Families are the families of browsers that we tell apart, sorted.
func Families() []string {
	all := []string{"Android Browser"}
	for _, t := range tokens {
		all = append(all, t.family)
	}
	for _, family := range brands {
		all = append(all, family)
	}
	for _, family := range libraryNames {
		all = append(all, family)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// browser is a request's browser, as far as it says.
type browser struct {
	family   string // one of Families; empty: unknown
	major    int    // 0: unknown
	system   string // one of systems; empty: unknown
	platform string // of the app's world: android, ios, huawei, web
}

func browserOf(r *http.Request) browser {
	agent := bounded(r.UserAgent())
	b := browser{platform: "web"}
	parsed := useragent.Parse(agent)
	if b.family, b.major = familyOf(agent, parsed); b.family == "" || b.family == "Chrome" || b.family == "Opera" {
		// Some browsers call themselves Chrome or Opera, and only the hints are more exact.
		if family, major, ok := hinted(r); ok {
			b.family, b.major = family, major
		}
	}
	b.system = systems[parsed.OS]
	switch hint := strings.Trim(bounded(r.Header.Get("Sec-CH-UA-Platform")), `"`); {
	case strings.Contains(agent, "HarmonyOS"), strings.Contains(agent, "OpenHarmony"):
		b.system, b.platform = "HarmonyOS", "huawei"
	case huaweiPhone.MatchString(agent):
		b.platform = "huawei" // without Google's services its store is AppGallery, and it calls itself Android
	case b.system == "iOS":
		b.platform = "ios"
	case b.system == "Android", hint == "Android": // the hint also from a phone that asks for desktop pages
		b.system, b.platform = "Android", "android"
	}
	return b
}

var huaweiPhone = regexp.MustCompile(`(?i)HMSCore|HUAWEI`)

// familyOf finds the name that no other browser carries too, and asks the library only
// for what has no such name.
func familyOf(agent string, parsed useragent.UserAgent) (family string, major int) {
	for _, t := range tokens {
		if !strings.Contains(agent, t.token) {
			continue
		}
		_, version, _ := strings.Cut(agent, cmp.Or(t.version, t.token))
		return t.family, majorOf(version)
	}
	family = libraryNames[parsed.Name]
	switch {
	case parsed.OS == useragent.IOS && strings.Contains(agent, "AppleWebKit/") && !strings.Contains(agent, "Safari/"):
		return inApp, 0
	case family == "":
		return "", 0
	}
	return family, majorOf(parsed.Version)
}

// inApp is a page inside another app, which shares no cookies with the phone's browser
// and often cannot open ours.
const inApp = "In-app browser"

// tokens are names that only the family itself carries, the more particular ones first:
// most browsers also send the names of those they descend from. They are here because
// the library does not know them, or takes another name that stands beside them.
var tokens = []struct{ token, family, version string }{
	{token: "Opera Mini/", family: "Opera Mini"},
	{token: "OPiOS/", family: "Opera Mini"}, // on iOS only Mini called itself so
	{token: "OPX/", family: "Opera GX"},
	{token: "OPRGX/", family: "Opera GX"},
	{token: "OPT/", family: "Opera Touch"},
	{token: "OPR/", family: "Opera"}, // with the stroke: "Build/OPR1" is an Android of 2017
	{token: "DuckDuckGo/", family: "DuckDuckGo"},
	{token: "Ddg/", family: "DuckDuckGo"},
	{token: "Focus/", family: "Firefox Focus"},
	{token: "Klar/", family: "Firefox Focus"},
	{token: "FxiOS/", family: "Firefox"},
	{token: "SamsungBrowser/", family: "Samsung Internet"},
	{token: "HuaweiBrowser/", family: "Huawei Browser"},
	{token: "MiuiBrowser/", family: "Mi Browser"},
	{token: "UCBrowser/", family: "UC Browser"},
	{token: "YaBrowser/", family: "Yandex"},
	{token: "Vivaldi/", family: "Vivaldi"},
	{token: "Brave/", family: "Brave"},
	{token: "Ecosia ", family: "Ecosia"},
	{token: "Silk/", family: "Silk"},
	{token: "GSA/", family: "Google app"},
	{token: "FBAN/", family: inApp, version: "FBAV/"},
	{token: "FB_IAB/", family: inApp, version: "FBAV/"},
	{token: "Instagram ", family: inApp},
	{token: "BytedanceWebview", family: inApp, version: "app_version/"},
	{token: "MicroMessenger/", family: inApp},
	{token: "Snapchat/", family: inApp},
	{token: "LinkedInApp", family: inApp},
	{token: "Line/", family: inApp},
	{token: "Teams/", family: inApp},
	{token: "TelegramAndroid/", family: inApp},
	{token: "EdgiOS/", family: "Edge"},
	{token: "EdgA/", family: "Edge"},
	{token: "Edg/", family: "Edge"},
	{token: "; wv)", family: inApp, version: "Chrome/"},
	{token: "ArkWeb/", family: inApp, version: "Chrome/"},
}

// The names that a label may hold, as the library calls them.
var (
	libraryNames = map[string]string{
		useragent.Chrome: "Chrome", useragent.HeadlessChrome: "Chrome", useragent.Safari: "Safari", useragent.Firefox: "Firefox",
		useragent.Edge: "Edge", useragent.Opera: "Opera", "Android browser": "Android Browser",
	}
	systems = map[string]string{
		useragent.Android: "Android", useragent.IOS: "iOS", useragent.Windows: "Windows", useragent.MacOS: "macOS",
		useragent.Linux: "Linux", useragent.ChromeOS: "ChromeOS", useragent.Harmony: "HarmonyOS",
	}
	// brands are those in Sec-CH-UA that say more than "Chrome".
	brands = map[string]string{
		"Opera": "Opera", "OperaMobile": "Opera", "Opera GX": "Opera GX", "Opera Mini Android": "Opera Mini",
		"Brave": "Brave", "DuckDuckGo": "DuckDuckGo", "Samsung Internet": "Samsung Internet", "HuaweiBrowser": "Huawei Browser",
		"Microsoft Edge": "Edge", "Vivaldi": "Vivaldi", "YaBrowser": "Yandex", "Yandex": "Yandex",
	}
	brandPattern = regexp.MustCompile(`"([^"]{1,40})";\s*v="(\d{1,4})(?:\.[^"]{0,20})?"`)
)

// hinted reads the brands of the client hint Sec-CH-UA (W3C UA Client Hints §3.1). Of
// several, the one that says most: Opera for phones also names Opera for computers, with
// that one's version.
func hinted(r *http.Request) (family string, major int, ok bool) {
	for _, found := range brandPattern.FindAllStringSubmatch(bounded(r.Header.Get("Sec-CH-UA")), 8) {
		known, is := brands[found[1]]
		if is && (!ok || len(found[1]) > len(family)) {
			family, major, ok = known, majorOf(found[2]), true
		}
	}
	return family, major, ok
}

func bounded(header string) string { return header[:min(len(header), maxAgent)] }

// majorOf reads the number that a version begins with; 0 when there is none that a
// browser could have.
func majorOf(version string) int {
	end := 0
	for end < len(version) && end < 5 && version[end] >= '0' && version[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(version[:end])
	if err != nil || end == 5 {
		return 0
	}
	return n
}
