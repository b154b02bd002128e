package login_test

import (
	"regexp"
	"strings"
	"testing"

	"avain/internal/domain/login"
)

// What an app says of its device is kept as it can be shown, and is never refused.
func TestDeviceOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, model, platform, version string
		want                           login.Device
	}{
		{"Ainon puhelin", "Pixel 9", "android", "1.16.0", login.Device{Name: "Ainon puhelin", Model: "Pixel 9", Platform: "android", AppVersion: "1.16.0"}},
		{"Aino’s\u00a0iPhone\u200f", "iPhone\t15", "iOS", "1.16.0 (345)", login.Device{Name: "Aino’s iPhone", Model: "iPhone 15", Platform: "ios", AppVersion: "1.16.0 (345)"}},
		{"🗿", strings.Repeat("x", 65), "Windows", "nightly", login.Device{Name: "🗿", Model: strings.Repeat("x", 63) + "…", AppVersion: "nightly"}},
		{"\x00", "\xff", "\u202eweb", strings.Repeat("9", 500), login.Device{AppVersion: strings.Repeat("9", 63) + "…"}},
		{},
	} {
		if got := login.DeviceOf(c.name, c.model, c.platform, c.version); got != c.want {
			t.Errorf("%+q %+q %+q %+q is %+v, want %+v", c.name, c.model, c.platform, c.version, got, c.want)
		}
	}
}

func TestPlatformOf(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"android": "android", "Android": "android", "ANDROID": "android", "Android 14": "android", "ios": "ios", "iOS": "ios", "iOS 18.1": "ios",
		"iPhone OS 17.5": "ios", "iPadOS": "ios", "iPad": "ios", "huawei": "huawei", "HUAWEI": "huawei", "HarmonyOS 4.2": "huawei", "web": "web",
		"Web": "web", " ios ": "ios", "": "", "windows": "", "iosx": "", "an droid": "android", "androïd": "", "<script>": "",
	} {
		if got := login.PlatformOf(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

// semantic is a version with three numbers (Semantic Versioning 2.0.0, without builds).
var semantic = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?$`)

func TestVersionOf(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"1.16.0":                            "1.16.0",
		"1.16":                              "1.16.0",
		"1":                                 "1.0.0",
		"1.16.0 (345)":                      "1.16.0", // CFBundleShortVersionString (CFBundleVersion), as iOS apps write it
		"1.16.0(345)":                       "1.16.0",
		"1.16.0.345":                        "1.16.0",
		"26.11.1.0.7":                       "26.11.1",
		"1.16.0+345":                        "1.16.0",
		"1.16.0_345":                        "1.16.0",
		"1.16.0/345":                        "1.16.0",
		"v1.16.0":                           "1.16.0",
		" 1.16.0\n":                         "1.16.0",
		"01.016.00":                         "1.16.0",
		"2026.11.03":                        "2026.11.3",
		"1.16.0-beta.2":                     "1.16.0-beta.2",
		"1.16.0-rc.01":                      "1.16.0-rc.1",
		"1.16.0-debug":                      "1.16.0-debug",
		"1.16-beta (9)":                     "1.16.0-beta",
		"1.16.0-b+1":                        "1.16.0-b",
		"١.١٦.٠":                            "1.16.0", // String.format on an Arabic phone
		"१.१६":                              "1.16.0",
		"𝟏.𝟏𝟔":                              "1.16.0",
		"":                                  "",
		"latest":                            "",
		"1.16.x":                            "",
		"1.16.0beta":                        "",
		"1..0":                              "",
		"-1.0.0":                            "",
		"1.16.0-":                           "",
		"1.2.3.4.5.6.7":                     "",
		"1234567890.0":                      "",
		"1.16.0-\u202ex":                    "",
		"1.0.0 " + strings.Repeat("x", 300): "",
	} {
		got := login.VersionOf(in)
		if got != want || got != "" && !semantic.MatchString(got) {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

// What can be compared is a semantic version, and stays the same.
func FuzzVersionOf(f *testing.F) {
	for _, s := range []string{"1.16.0 (345)", "v01.2-rc.01+x", "١.١٦", "1.2.3.4"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v := login.VersionOf(s)
		if v != "" && (!semantic.MatchString(v) || login.VersionOf(v) != v) {
			t.Errorf("%q is %q and then %q", s, v, login.VersionOf(v))
		}
	})
}

func TestLanguageTag(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ from, in, want string }{
		{"plain", "fi", "fi"},
		{"plain", "sv-FI", "sv-FI"},
		{"Android's preferences, as a tag", "en-US-u-fw-mon-hc-h23", "en-US"},
		{"Android's preferences, Locale.toString", "en_UA_#u-fw-mon", "en-UA"},
		{"github.com/tolgee/tolgee-mobile-kotlin-sdk/issues/20", "es__#u-ms-metric", "es"},
		{"github.com/vanniktech/multiplatform-locale/pull/14", "ar_EG_#u-nu-latn", "ar-EG"},
		{"github.com/magnatronus/flutter-devicelocale/pull/40", "zh_TW_#Hant", "zh-TW"},
		{"a mixture of both", "de-DE_#u-fw-mon-mu-celsius", "de-DE"},
		{"iOS with another region's formats", "fi_FI@rg=sezzzz", "fi-FI"},
		{"github.com/carterlasalle/mac_messages_mcp/pull/64", "en_US@rg=gbzzzz", "en-US"},
		{"github.com/multi-os-engine/multi-os-engine/issues/166", "en_US@calendar=buddhist", "en-US"},
		{"POSIX", "fi_FI.UTF-8", "fi-FI"},
		{"POSIX", "ca_ES@valencia", "ca-ES"},
		{"POSIX", "C", ""},
		{"POSIX", "C.UTF-8", ""},
		{"script and region", "zh-Hant-TW", "zh-Hant-TW"},
		{"region by number", "es-419", "es-419"},
		{"a variant of Java's", "no_NO_NY", "no-NO"},
		{"private use", "fi-x-smartum", "fi"},
		{"three letters", "smn-FI", "smn-FI"},
		{"grandfathered", "i-klingon", ""},
		{"no language", "-FI", ""},
		{"no language", "", ""},
		{"no language", "not a language", ""},
		{"no language", "<script>", ""},
		{"no language", "99", ""},
	} {
		if got := login.LanguageTag(c.in); got != c.want {
			t.Errorf("%s: %q is %q, want %q", c.from, c.in, got, c.want)
		}
	}
}

func TestDeviceLabel(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]login.Device{
		"":                         {},
		"Pixel 9":                  {Model: "Pixel 9"},
		"Ainon puhelin":            {Name: "Ainon puhelin"},
		"Ainon puhelin (Pixel 9a)": {Name: "Ainon puhelin", Model: "Pixel 9a"},
		"Chrome, Pixel 9":          {Name: "Chrome, Pixel 9", Model: "Pixel 9"},
		"\u2068הטלפון של נועה\u2069 (Pixel 9)": {Name: "הטלפון של נועה", Model: "Pixel 9"},
	} {
		if got := d.Label(); got != want {
			t.Errorf("%+v is %q, want %q", d, got, want)
		}
	}
}
