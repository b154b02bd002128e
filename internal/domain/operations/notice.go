package operations

import (
	"time"

	"avain/internal/domain/login"
)

// Severity says how much a notice matters to whoever reads it.
type Severity string

// The severities, the mildest first.
const (
	SeverityInfo    Severity = "info"    // good to know: something has become easier
	SeverityWarning Severity = "warning" // something does not work for some
	SeverityProblem Severity = "problem" // something does not work
)

// Severities lists every severity, the mildest first.
func Severities() []Severity { return []Severity{SeverityInfo, SeverityWarning, SeverityProblem} }

// Notice is news for the people concerned: what happens, from when to when, and, when
// it acts, what the service does about it without an update of any app.
type Notice struct {
	ID       string
	Severity Severity
	Words    map[string]NoticeWords // by language; the operator's first language is always there
	From     time.Time              // shown, and acting, from here
	Until    time.Time              // to here; zero: until it is withdrawn
	Audience Audience               // whom it concerns; the zero value: everybody
	Act      Act

	// Source is empty for what people publish, and names the broker ("broker:op") or the
	// circuit ("circuit:op") of what the service says by itself.
	Source string

	By          string // "staff:…", "key:…" or "system"
	CreatedAt   time.Time
	ChangedAt   time.Time
	WithdrawnAt time.Time // zero: not withdrawn
}

// NoticeWords are a notice in one language: plain text; lines may break at \n.
type NoticeWords struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

// Shown reports whether the notice is on at an instant.
func (n Notice) Shown(now time.Time) bool {
	return n.WithdrawnAt.IsZero() && !n.From.After(now) && (n.Until.IsZero() || n.Until.After(now))
}

// Ended is when the notice was over, or will be; zero: nobody knows yet.
func (n Notice) Ended() time.Time {
	if !n.WithdrawnAt.IsZero() && (n.Until.IsZero() || n.WithdrawnAt.Before(n.Until)) {
		return n.WithdrawnAt
	}
	return n.Until
}

// In is the notice in the first of the languages that it has, else in any.
func (n Notice) In(languages ...string) NoticeWords { return n.Words[n.Language(languages...)] }

// Language is the first of the languages that the notice has, else any; empty when it has
// no words at all.
func (n Notice) Language(languages ...string) string {
	for _, all := range [][]string{languages, {"fi", "sv", "en"}} {
		for _, lang := range all {
			if _, ok := n.Words[lang]; ok {
				return lang
			}
		}
	}
	return ""
}

// Audience is whom a notice concerns. Every condition that is set must hold; of a list,
// one. What an asker does not say of themselves fails no condition but the one on the
// browser's family: a notice about Opera is for those who are known to use it, and for
// all of them when nobody knows which version they have. A method or a means that is not
// chosen yet may still be chosen, so before the choice the notice is shown.
type Audience struct {
	Platforms []string       `json:"platforms,omitempty"` // of the app or the device: android, ios, huawei, web
	Browsers  []BrowserRange `json:"browsers,omitempty"`
	App       VersionRange   `json:"app,omitzero"`
	Methods   []login.Method `json:"methods,omitempty"`
	Means     []string       `json:"means,omitempty"` // by id
}

// BrowserRange is a family of browsers, as package web labels them ("Opera", "Samsung
// Internet"), and their major versions: both ends included, 0 where there is no end.
type BrowserRange struct {
	Family string `json:"family"`
	Min    int    `json:"min,omitempty"`
	Max    int    `json:"max,omitempty"`
}

// VersionRange are versions of the app, by semantic versioning: both ends included,
// empty where there is no end.
type VersionRange struct {
	Min string `json:"min,omitempty"`
	Max string `json:"max,omitempty"`
}

// Act is what a notice does for its audience while it is shown: the server-side fix
// that needs no app update. It comes before any choice of method or means, so a notice
// that acts cannot be aimed at one.
type Act struct {
	Off   []login.Method `json:"off,omitempty"`   // these methods are off
	First login.Method   `json:"first,omitempty"` // this method stands before the others
}

// Zero reports whether the notice only tells.
func (a Act) Zero() bool { return len(a.Off) == 0 && a.First == "" }

// Everybody reports whether the audience has no condition at all.
func (a Audience) Everybody() bool {
	return len(a.Platforms) == 0 && len(a.Browsers) == 0 && a.App == VersionRange{} && len(a.Methods) == 0 && len(a.Means) == 0
}

// MethodOverrides is what the notices shown to an asker do, taken together. It only ever
// closes and orders: nothing that an asker says opens what a switch has closed.
type MethodOverrides struct {
	Off   map[login.Method]map[string]string // methods that are off for the asker, and why, by language
	First login.Method                       // stands before the others; empty: none does
}

// Viewer is who looks at a page or asks for the ways of logging in, as far as they say.
// It chooses what is shown and is trusted for nothing else.
type Viewer struct {
	Platform       string       // android, ios, huawei, web; empty: not said
	Browser        string       // family, as package web labels it; empty: not known
	BrowserVersion int          // major; 0: not known
	AppVersion     string       // empty: not said
	Method         login.Method // that is being used; empty: none yet
	Means          string       // that is being used; empty: none yet
}
