package web

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"avain/internal/domain/shown"
)

// maxBrowserName is how much of a browser's name is read, in letters: the longest on the
// stores are titles of 50.
const maxBrowserName = 64

// ParseBrowser reads a browser as an app names it: the label that the phone shows or the
// name of its package, and perhaps a version, such as "Opera", "Opera beta 69.3",
// "com.opera.browser 69" or "Internet 20". A beta channel is its browser. What nobody
// knows is empty, and never taken for something that it only resembles: notices about one
// browser would reach the users of another.
func ParseBrowser(s string) (family string, major int) {
	name, version := versioned(shown.Line(s, maxBrowserName))
	if packageName.MatchString(name) {
		family = packages[strings.ToLower(packageChannel.ReplaceAllString(name, ""))]
	} else {
		family = labels()[labelKey(name)]
	}
	if family == "" {
		return "", 0
	}
	return family, majorOf(version)
}

// numbered is a version at the end of a name, or in brackets: "Opera 69.3", "Chrome (130)".
var numbered = regexp.MustCompile(`^(.*\S)\s+\(?[vV]?(\d+(?:\.\d+)*)\)?(\s.*)?$`)

func versioned(name string) (rest, version string) {
	if found := numbered.FindStringSubmatch(name); found != nil {
		return found[1] + found[3], found[2]
	}
	return name, ""
}

// labelKey are the words of a label by which it is looked up: without its channel, what is
// no letter or digit, and what a store's title says behind a dash or a colon.
func labelKey(label string) string {
	if at := strings.IndexAny(label, ":|–—"); at > 0 {
		label = label[:at]
	}
	label, _, _ = strings.Cut(label, " - ")
	words := strings.FieldsFunc(strings.ToLower(label), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.Join(slices.DeleteFunc(words, func(word string) bool { return slices.Contains(channels, word) }), " ")
}

// channels are the words that vendors put to the name of a browser for its early versions.
var channels = []string{"beta", "alpha", "dev", "developer", "canary", "nightly", "preview", "snapshot", "edition"}

// labels are the families by what their browsers are called on phones, in small letters.
// Most vendors also write "Browser" behind it.
var labels = sync.OnceValue(func() map[string]string {
	all := map[string]string{
		"google chrome": "Chrome", "chromium": "Chrome", "mozilla firefox": "Firefox", "fennec": "Firefox", "fennec f droid": "Firefox",
		"firefox for android": "Firefox", "firefox klar": "Firefox Focus", "samsung internet for android": "Samsung Internet",
		"microsoft edge": "Edge", "duckduckgo private": "DuckDuckGo", "brave private web": "Brave", "amazon silk": "Silk", "opera for android": "Opera",
	}
	for _, family := range Families() {
		all[strings.ToLower(family)] = family
	}
	for _, label := range slices.Collect(maps.Keys(all)) {
		all[label+" browser"] = all[label]
	}
	all["internet"], all["google"] = "Samsung Internet", "Google app" // so they are called on the phones
	delete(all, strings.ToLower(inApp))                               // no app opens logins there
	return all
})

// packageName is the form of an application id on Android, and of a bundle id on iOS.
var packageName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)+$`)

// packageChannel is what vendors put to the name of a package for its early versions.
var packageChannel = regexp.MustCompile(`(?i)(?:[._](?:beta|alpha|dev|canary|nightly|debug|snapshot|aurora|fdroid))+$`)

// packages are the families by the names of their packages, in small letters and without
// their channels. Chrome's channels have names of their own: com.chrome.beta.
var packages = map[string]string{
	"com.android.chrome": "Chrome", "com.chrome": "Chrome", "com.google.android.apps.chrome": "Chrome", "org.chromium.chrome": "Chrome",
	"com.google.chrome.ios": "Chrome", "com.apple.mobilesafari": "Safari",
	"org.mozilla.firefox": "Firefox", "org.mozilla.fennec": "Firefox", "org.mozilla.fenix": "Firefox", "org.mozilla.ios.firefox": "Firefox",
	"org.mozilla.focus": "Firefox Focus", "org.mozilla.klar": "Firefox Focus", "org.mozilla.ios.focus": "Firefox Focus",
	"com.opera.browser": "Opera", "com.opera.mini.native": "Opera Mini", "com.opera.gx": "Opera GX", "com.opera.touch": "Opera Touch",
	"com.sec.android.app.sbrowser": "Samsung Internet", "com.sec.android.app.sbrowser.lite": "Samsung Internet",
	"com.huawei.browser": "Huawei Browser", "com.microsoft.emmx": "Edge", "com.microsoft.msedge": "Edge",
	"com.brave.browser": "Brave", "com.brave.ios.browser": "Brave", "com.vivaldi.browser": "Vivaldi",
	"com.duckduckgo.mobile.android": "DuckDuckGo", "com.duckduckgo.mobile.ios": "DuckDuckGo",
	"com.mi.globalbrowser": "Mi Browser", "com.mi.globalbrowser.mini": "Mi Browser", "com.ucmobile.intl": "UC Browser", "com.uc.browser.en": "UC Browser",
	"com.yandex.browser": "Yandex", "com.yandex.browser.lite": "Yandex", "com.ecosia.android": "Ecosia", "com.amazon.cloud9": "Silk",
	"com.google.android.googlequicksearchbox": "Google app",
}
