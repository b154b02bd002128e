package login

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"avain/internal/domain/shown"
)

// Device is what the app says about itself. It is shown to people and to support,
// and never trusted for a decision.
type Device struct {
	Name       string `json:"name,omitempty"`
	Model      string `json:"model,omitempty"`
	Platform   string `json:"platform,omitempty"`    // one of [Platforms]; empty: not said, or not known
	AppVersion string `json:"app_version,omitempty"` // as the app writes it, such as "1.16.0 (345)"; see [Device.Version]
}

// maxDeviceText is how much is kept of each word of an app about itself, in letters.
const maxDeviceText = 64

// DeviceOf reads what an app says about itself. Nothing in it is a reason to refuse: what
// is shown is cleaned and cut, and a platform that nobody knows is none.
func DeviceOf(name, model, platform, version string) Device {
	return Device{
		Name: shown.Line(name, maxDeviceText), Model: shown.Line(model, maxDeviceText),
		Platform: PlatformOf(platform), AppVersion: shown.Line(version, maxDeviceText),
	}
}

// Label is what a person knows the device by: its name and its model, where the name does
// not say the model anyway. It may be empty.
func (d Device) Label() string {
	switch {
	case d.Name == "":
		return shown.Apart(d.Model)
	case strings.Contains(d.Name, d.Model):
		return shown.Apart(d.Name)
	default:
		return shown.Apart(d.Name) + " (" + shown.Apart(d.Model) + ")"
	}
}

// Version is the version of the app as versions are compared; empty when the app said
// none, or none that can be understood.
func (d Device) Version() string { return VersionOf(d.AppVersion) }

// Platforms are the platforms of apps.
func Platforms() []string { return []string{"android", "ios", "huawei", "web"} }

// platformNames are what frameworks call the platforms besides.
var platformNames = map[string]string{
	"iphone": "ios", "ipad": "ios", "ipados": "ios", "ipod": "ios", "iphoneos": "ios",
	"harmony": "huawei", "harmonyos": "huawei", "openharmony": "huawei", "ohos": "huawei",
	"browser": "web", "pwa": "web",
}

// PlatformOf reads the name of a platform in any case, also with its version ("iOS 18.1",
// "iPhone OS 17.5"); empty when nobody knows it.
func PlatformOf(name string) string {
	word := strings.ToLower(strings.TrimRightFunc(strings.TrimSpace(name), func(r rune) bool {
		return unicode.IsDigit(r) || unicode.IsSpace(r) || r == '.'
	}))
	word = strings.Join(strings.Fields(word), "")
	if slices.Contains(Platforms(), word) {
		return word
	}
	return platformNames[word]
}

// appVersion is a version as builds write it: numbers between dots, perhaps the name of a
// pre-release, and perhaps a build after it.
var appVersion = regexp.MustCompile(`^[vV]?(\d{1,9}(?:\.\d{1,9}){0,5})(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:[+ (_/,;].*)?$`)

// VersionOf reads the version of an app, as semantic versioning writes it: "1.16.0" of
// "1.16.0 (345)", "v1.16", "1.16.0.345", "1.16.0+345" and "١.١٦.٠", which some phones make
// of it; "1.16.0-beta.2" keeps its pre-release. It is empty for what cannot be understood.
func VersionOf(s string) string {
	if len(s) > 4*maxDeviceText {
		return ""
	}
	found := appVersion.FindStringSubmatch(strings.TrimSpace(strings.Map(latinDigit, s)))
	if found == nil {
		return ""
	}
	numbers := append(strings.Split(found[1], "."), "0", "0")[:3]
	for i, n := range numbers {
		numbers[i] = withoutZeros(n)
	}
	version := strings.Join(numbers, ".")
	if found[2] != "" {
		version += "-" + preRelease(found[2])
	}
	return version
}

// latinDigit is the digit 0 to 9 of a digit of any script. The digits of a script stand in
// a row in Unicode, the zero first.
func latinDigit(r rune) rune {
	if r <= unicode.MaxASCII || !unicode.Is(unicode.Nd, r) {
		return r
	}
	for _, table := range unicode.Nd.R16 {
		if rune(table.Lo) <= r && r <= rune(table.Hi) {
			return '0' + (r-rune(table.Lo))%10
		}
	}
	for _, table := range unicode.Nd.R32 {
		if rune(table.Lo) <= r && r <= rune(table.Hi) {
			return '0' + (r-rune(table.Lo))%10
		}
	}
	return r
}

// preRelease writes the words of a pre-release: numbers in them begin with no zero
// (Semantic Versioning 2.0.0 §9).
func preRelease(s string) string {
	words := strings.Split(s, ".")
	for i, word := range words {
		if strings.Trim(word, "0123456789") == "" {
			words[i] = withoutZeros(word)
		}
	}
	return strings.Join(words, ".")
}

func withoutZeros(number string) string {
	if number = strings.TrimLeft(number, "0"); number == "" {
		return "0"
	}
	return number
}
