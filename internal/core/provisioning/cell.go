package provisioning

import (
	"strings"
	"unicode"
)

// Spreadsheets take a cell for a formula when it begins with one of a few signs, and a
// formula sends what stands beside it to whoever chose a name. An apostrophe before it
// makes it text again. Which sign separates the cells is a matter of country, so that
// "x;=cmd|…" is a formula as well where semicolons do, however the cell was quoted: each
// place where a cell could begin gets its apostrophe.

// guard is a text that no spreadsheet takes for a formula. [unguard] is its inverse.
func guard(s string) string {
	var b strings.Builder
	begins := true // a cell could begin here
	for i, r := range s {
		if begins && formula(s[i:]) {
			b.WriteByte('\'')
		}
		b.WriteString(s[i : i+width(s[i:])])
		begins = separates(r)
	}
	return b.String()
}

// unguard takes the apostrophes of [guard] away, and those that spreadsheets' users write
// for the same purpose.
func unguard(s string) string {
	if !strings.Contains(s, "'") {
		return s
	}
	var b strings.Builder
	begins := true
	for i, r := range s {
		if begins && r == '\'' && formula(s[i+1:]) {
			begins = false
			continue
		}
		b.WriteString(s[i : i+width(s[i:])])
		begins = separates(r)
	}
	return b.String()
}

// width is the length of the first character, in bytes; what is no UTF-8 is kept as it is.
func width(s string) int {
	for i := range s {
		if i > 0 {
			return i
		}
	}
	return len(s)
}

// separates reports whether a cell could end here, in some country's spreadsheet.
func separates(r rune) bool { return strings.ContainsRune(",;\t\r\n", r) }

// formula reports whether a spreadsheet could calculate a cell that begins so: with a sign
// (OWASP, "CSV Injection"), also as it is written in East Asia, after what nobody sees and
// after quotation marks, which some take away.
func formula(s string) bool {
	for _, r := range s {
		switch {
		case separates(r):
			return false
		case strings.ContainsRune("=＝﹦+＋﹢-－﹣−@＠﹫|｜", r):
			return true
		case r != '\'' && r != '"' && !unicode.IsSpace(r) && !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r):
			return false
		}
	}
	return false
}

// quoted is a cell of a file: guarded and in quotation marks, whatever it holds.
func quoted(s string) string {
	return `"` + strings.ReplaceAll(guard(s), `"`, `""`) + `"`
}
