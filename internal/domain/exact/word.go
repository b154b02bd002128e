package exact

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// Flaw says what is wrong with a text that decides something, as the end of a sentence that
// begins with the field; empty when nothing is. It repeats nothing of the text but the
// number of a character that cannot be seen.
func Flaw(s string) string {
	if !utf8.ValidString(s) {
		return "must be UTF-8"
	}
	for _, r := range s {
		switch {
		case r == utf8.RuneError:
			// What a program writes for letters that it could not read. All of them look
			// alike: Mäki and Möki would become one person.
			return "must be UTF-8; a letter in it was lost (U+FFFD)"
		case unicode.IsControl(r):
			return fmt.Sprintf("must be one line of text without control characters; it holds U+%04X", r)
		case invisible(r):
			return fmt.Sprintf("must not hold an invisible character; it holds U+%04X", r)
		}
	}
	return ""
}

// invisible reports whether nobody sees a character, or takes it for another one: zero
// width, marks of the byte order inside a text, characters that turn the direction of
// writing, soft hyphens, fillers, selectors and tags, blanks that are not the ordinary one,
// private use, and what no version of Unicode knows.
func invisible(r rune) bool {
	switch {
	case r == ' ':
		return false
	case r == '\u2800', // a braille pattern without dots
		unicode.In(r, unicode.Z, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return true
	default:
		return !unicode.IsGraphic(r)
	}
}
