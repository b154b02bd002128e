package diagnosis

import (
	"strings"
	"unicode"

	"avain/internal/domain/reasons"
)

// Brand is what the operator calls things: it fills the gaps in the words.
type Brand struct {
	App     string // the app's name
	Company string // whose benefits they are
	Version string // of the app, the oldest that can do everything
	// Bank is the name of a means by its id, as people read it in a language; nil, or an
	// empty answer, leaves the name out.
	Bank func(lang, means string) string
}

// Say gives the words of a diagnosis in a language: fi, sv or en. They contain nothing
// but our own words and the operator's; console and terminal escape them all the same.
func Say(d Diagnosis, lang string, b Brand) (reasons.Words, error) {
	fill := reasons.Fill{App: b.App, Company: b.Company, Version: b.Version, Browser: family(d.Browser), Web: d.Web}
	if b.Bank != nil && d.Means != "" {
		fill.Bank = b.Bank(lang, d.Means)
	}
	return reasons.Say(d.Reason, lang, fill)
}

// Reply is the ready answer to the person, to be copied into a letter or a chat.
func Reply(d Diagnosis, lang string, b Brand) (string, error) {
	words, err := Say(d, lang, b)
	return words.Reply, err
}

// family is the name of a browser without version and system, as people know it:
// "Samsung Internet" of "Samsung Internet 20 on Android". A browser that nobody knows
// has no name.
func family(label string) string {
	if at := strings.IndexFunc(label, unicode.IsDigit); at > 0 {
		label = label[:at]
	}
	label, _, _ = strings.Cut(label, " on ")
	if label = strings.TrimSpace(label); label == "other" {
		return ""
	}
	return label
}
