package notices

import (
	"slices"

	"avain/internal/domain/operations"

	"golang.org/x/mod/semver"
)

// Concerns reports whether a notice for the audience is for the asker. What is not said
// fails no condition but that on the family of the browser.
func Concerns(a operations.Audience, who operations.Viewer) bool {
	return said(a.Platforms, who.Platform) && said(a.Methods, who.Method) && said(a.Means, who.Means) &&
		browser(a.Browsers, who) && version(a.App, who.AppVersion)
}

// acts reports whether a notice may act for the asker: who is only perhaps concerned is
// told, but nothing is taken away from them.
func acts(a operations.Audience, who operations.Viewer) bool {
	who.Method, who.Means = "", "" // these are what is arranged
	if !Concerns(a, who) || len(a.Platforms) > 0 && who.Platform == "" || a.App != (operations.VersionRange{}) && who.AppVersion == "" {
		return false
	}
	return len(a.Browsers) == 0 || who.BrowserVersion > 0 || slices.Contains(a.Browsers, operations.BrowserRange{Family: who.Browser})
}

// said reports whether a list has the word, or whether one of the two is missing.
func said[T ~string](list []T, word T) bool {
	return len(list) == 0 || word == "" || slices.Contains(list, word)
}

func browser(ranges []operations.BrowserRange, who operations.Viewer) bool {
	return len(ranges) == 0 || slices.ContainsFunc(ranges, func(r operations.BrowserRange) bool {
		if r.Family != who.Browser {
			return false
		}
		v := who.BrowserVersion
		return v == 0 || (r.Min == 0 || v >= r.Min) && (r.Max == 0 || v <= r.Max)
	})
}

// version compares by semantic versioning: 1.9.0 is before 1.16.0, and 1.16.0-beta before
// 1.16.0. Both ends are included.
func version(r operations.VersionRange, v string) bool {
	if v == "" {
		return true
	}
	return (r.Min == "" || semver.Compare("v"+v, "v"+r.Min) >= 0) && (r.Max == "" || semver.Compare("v"+v, "v"+r.Max) <= 0)
}
