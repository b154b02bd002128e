package web

import (
	"slices"
	"time"

	"avain/internal/domain/operations"
)

// Notice is a notice as a page shows it, by the part "notices" of parts.html.
type Notice struct {
	ID    string
	Lang  string // of the words, which may be another than the page's
	Calm  bool   // good to know; nothing is wrong
	Title string
	Text  string // may be empty
}

// Notices puts notices into the language of a page.
func (k *Kit) Notices(lang string, all []operations.Notice) []Notice {
	shown := make([]Notice, 0, len(all))
	for _, n := range all {
		spoken := n.Language(append([]string{lang}, k.cfg.Languages...)...)
		words := n.Words[spoken]
		shown = append(shown, Notice{ID: n.ID, Lang: spoken, Calm: n.Severity == operations.SeverityInfo, Title: words.Title, Text: words.Text})
	}
	return slices.Clip(shown)
}

// Day is the day of an instant where the people are, such as 2022-05-31.
func (k *Kit) Day(t time.Time) string { return t.In(k.zone).Format(time.DateOnly) }
