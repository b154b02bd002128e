package availability

import "golang.org/x/mod/semver"

// maxVersion bounds what we read as a version, in bytes.
const maxVersion = 64

// Version is a semantic version of the app, such as 1.16.0, without a v. The zero
// value means "unknown".
type Version string

// ParseVersion reads a version. Missing parts count as 0: 1.16 is 1.16.0.
func ParseVersion(s string) (Version, bool) {
	if len(s) > maxVersion || !semver.IsValid("v"+s) {
		return "", false
	}
	return Version(s), true
}

// Before reports whether v is older than other, part by part: 1.9.0 is before 1.16.0,
// and 1.16.0-beta before 1.16.0 (Semantic Versioning 2.0.0 §11).
func (v Version) Before(other Version) bool {
	return semver.Compare("v"+string(v), "v"+string(other)) < 0
}
