package config

import (
	"regexp"
	"slices"
	"strings"

	"avain/internal/core/availability"
	"avain/internal/domain/login"
)

// app checks the versions; those that are wrong themselves are not compared.
func (v validator) app(a App) {
	good := true
	for path, version := range map[string]availability.Version{
		"app.minimum_version": a.MinimumVersion, "app.recommended_version": a.RecommendedVersion, "app.alternative_version": a.AlternativeVersion,
	} {
		if _, ok := availability.ParseVersion(string(version)); !ok {
			v.add(path, "must be a version such as 1.16.0")
			good = false
		}
	}
	if good && a.RecommendedVersion.Before(a.MinimumVersion) {
		v.add("app.recommended_version", "must not be older than minimum_version (%s)", a.MinimumVersion)
	}
}

func (v validator) methods(m Methods) {
	if len(m.Order) == 0 {
		v.add("methods.order", "missing; name at least one of %s", wordsOf(login.Methods()))
	}
	for i, method := range m.Order {
		v.method(at("methods.order", i), method, slices.Index(m.Order, method) < i)
	}
	for i, method := range m.Off {
		v.method(at("methods.off", i), method, slices.Index(m.Off, method) < i)
		if slices.Contains(login.Methods(), method) && !slices.Contains(m.Order, method) {
			v.add(at("methods.off", i), "is not in methods.order, and so cannot be used anyway; remove it here")
		}
	}
}

func (v validator) method(path string, m login.Method, again bool) {
	if !slices.Contains(login.Methods(), m) {
		v.add(path, "must be one of %s", wordsOf(login.Methods()))
	} else if again {
		v.add(path, "is named twice")
	}
}

func wordsOf(methods []login.Method) string {
	words := make([]string, len(methods))
	for i, m := range methods {
		words[i] = string(m)
	}
	return strings.Join(words, ", ")
}

// The names that the platforms give to apps. They are published word for word: a
// slip would hand our addresses to somebody else's app, or to none.
var (
	packageName  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+$`)
	fingerprint  = regexp.MustCompile(`^[0-9A-F]{2}(:[0-9A-F]{2}){31}$`)
	teamID       = regexp.MustCompile(`^[A-Z0-9]{10}$`)
	bundleID     = regexp.MustCompile(`^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)
	harmonyAppID = regexp.MustCompile(`^[0-9]{1,32}$`)
)

// claimedPath is where the apps on phones come back to (package discovery publishes it).
const claimedPath = "/return"

// claimed checks the apps that may open our addresses.
func (v validator) claimed(c *Config) {
	for i, client := range c.Clients {
		path := at("clients", i)
		for j, a := range client.Android {
			v.android(at(path+".android", j), a)
		}
		for j, a := range client.IOS {
			v.matches(at(path+".ios", j)+".team_id", a.TeamID, teamID, "must be ten capital letters and digits")
			v.matches(at(path+".ios", j)+".bundle_id", a.BundleID, bundleID, "must be a bundle id such as com.example.app, without a wildcard")
		}
		for j, a := range client.Harmony {
			v.matches(at(path+".harmony", j)+".app_identifier", a.AppIdentifier, harmonyAppID, "must be the number that AppGallery Connect shows")
		}
		native := len(client.Android)+len(client.IOS)+len(client.Harmony) > 0
		if native && !slices.Contains(client.RedirectURIs, c.Public.BaseURL+claimedPath) {
			v.warn(path+".redirect_uris", "its apps on phones come back to %s, which is not named here", c.Public.BaseURL+claimedPath)
		}
	}
}

func (v validator) android(path string, a AndroidApp) {
	v.matches(path+".package", a.Package, packageName, "must be an application id such as com.example.app")
	if len(a.Fingerprints) == 0 {
		v.add(path+".sha256_fingerprints", "missing; name the app's signing certificates")
	}
	for i, f := range a.Fingerprints {
		v.matches(at(path+".sha256_fingerprints", i), f, fingerprint, "must be 32 pairs of hexadecimal digits in capitals, with colons between them")
	}
}

func (v validator) matches(path, value string, pattern *regexp.Regexp, wrong string) {
	if !pattern.MatchString(value) {
		v.add(path, "%s", wrong)
	}
}
