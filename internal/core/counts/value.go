package counts

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"avain/internal/domain/login"

	"golang.org/x/mod/semver"
)

// Words in the place of a value.
const (
	Other = "other" // beyond those that are told apart
	None  = "none"  // there is none
)

const (
	// maxValues bounds the values of one dimension that a node tells apart in one hour.
	maxValues = 60
	maxValue  = 64 // bytes
)

// platformOf is the app's, of a closed list.
func platformOf(d login.Device) string {
	switch {
	case d.Platform == "":
		return None
	case slices.Contains(login.Platforms(), d.Platform):
		return d.Platform
	default:
		return Other
	}
}

// versionOf is the app's, without what follows the three numbers: builds are many.
func versionOf(d login.Device) string {
	switch v := d.Version(); {
	case d.AppVersion == "":
		return None
	case v == "":
		return Other
	default:
		return strings.TrimSuffix(v, semver.Prerelease("v"+v))
	}
}

// label is what web.BrowserLabel writes: family, major version, system.
var label = regexp.MustCompile(`^(.+?)(?: (\d{1,4}))?( on \w+)?$`)

// browserOf is the browser that the login was last seen in: with its system, and with
// its major version too.
func browserOf(timeline []login.Event) (browser, release string) {
	for _, e := range slices.Backward(timeline) {
		if e.Browser == "" {
			continue
		}
		found := label.FindStringSubmatch(e.Browser)
		if found == nil || len(e.Browser) > maxValue {
			return Other, Other
		}
		return found[1] + found[3], e.Browser
	}
	return None, None
}

// orNone is for words of ours.
func orNone(word string) string { return cmp.Or(word, None) }

// bound keeps the number of values of one dimension and hour small, whatever is sent:
// those that come first are told apart.
type bound map[string]bool

func (b bound) value(v string) string {
	switch {
	case b[v]:
		return v
	case len(b) >= maxValues, len(v) > maxValue:
		return Other
	}
	b[v] = true
	return v
}
