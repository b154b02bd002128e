package shown

import (
	"iter"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Whole is the length of a text that is not to be cut: its author is one of ours, and is
// told when it is too long ([Len]).
const Whole = math.MaxInt

const (
	// bytesEach bounds a text in bytes: so many for each letter that it may have. Rows hold
	// such texts, and their size is bounded (threat 34).
	bytesEach = 4
	// maxMarks is how many marks stay on one letter. Hebrew and Vietnamese need three.
	maxMarks = 4
)

// Line makes one line of a text from outside, of at most so many letters.
func Line(s string, most int) string { return clean(s, most, false) }

// Text is [Line] for a text of several lines: \n stays, and one empty line in a row.
func Text(s string, most int) string { return clean(s, most, true) }

// Apart sets a cleaned text apart in a sentence of ours: letters from right to left must not
// turn the words and numbers around them (isolates, Unicode Standard Annex #9 §2.4).
func Apart(s string) string {
	if !strings.ContainsFunc(s, rightToLeft) {
		return s
	}
	return "\u2068" + s + "\u2069"
}

// rightToLeft reports whether a character is of a block of scripts that are written so.
func rightToLeft(r rune) bool {
	return r >= 0x0590 && r <= 0x08ff || r >= 0xfb1d && r <= 0xfdff || r >= 0xfe70 && r <= 0xfefe || r >= 0x10800 && r <= 0x10fff || r >= 0x1e800 && r <= 0x1efff
}

// Len is the length of a cleaned text as people count it: in letters, emoji and blanks.
func Len(s string) int {
	n := 0
	for len(s) > 0 {
		s = s[clusterLen(s):]
		n++
	}
	return n
}

// Letters are the letters of a cleaned text as people count them, whole emoji among them.
func Letters(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for len(s) > 0 {
			n := clusterLen(s)
			if !yield(s[:n]) {
				return
			}
			s = s[n:]
		}
	}
}

// Bytes is the length in bytes that a text of so many letters may have.
func Bytes(most int) int { return most * bytesEach }

func clean(s string, most int, lines bool) string {
	w := writer{lines: lines}
	for _, r := range s { // malformed UTF-8 is read as U+FFFD
		w.add(r)
	}
	return cut(w.out.String(), most)
}

// writer writes what may be shown.
type writer struct {
	lines bool
	out   strings.Builder

	blank  bool // white space stands before the next character
	breaks int  // line breaks stand before it
	joiner bool // a zero width joiner stands before it
	last   rune // that was written; 0 at the beginning
	base   rune // that the marks since then stand on
	marks  int
}

func (w *writer) add(r rune) {
	switch {
	case r == '\n' || r == '\u2028' || r == '\u2029':
		w.breaks++
		w.joiner = false
	case unicode.IsSpace(r) || unicode.Is(unicode.Z, r) || r == '\u2800': // a braille pattern without dots
		w.blank, w.joiner = true, false
	case r == zeroWidthJoiner:
		w.joiner = true
	case !visible(r):
	case extends(r):
		w.mark(r)
	default:
		w.write(r)
	}
}

// write writes a character that stands by itself.
func (w *writer) write(r rune) {
	switch {
	case w.last == 0:
	case w.breaks > 0 && w.lines:
		w.out.WriteString("\n\n"[:min(w.breaks, 2)])
	case w.blank || w.breaks > 0:
		w.out.WriteByte(' ')
	case w.joiner && pictograph(w.base) && pictograph(r):
		w.out.WriteRune(zeroWidthJoiner)
	}
	w.out.WriteRune(r)
	w.blank, w.breaks, w.joiner, w.last, w.base, w.marks = false, 0, false, r, r, 0
}

// mark writes what stands on the character before: an accent, a skin tone, a selector. On
// nothing it would stand on our own words.
func (w *writer) mark(r rune) {
	if w.last == 0 || w.blank || w.breaks > 0 || w.marks == maxMarks {
		return
	}
	if selector(r) && (unicode.IsLetter(w.base) || selector(w.last)) {
		return // selects nothing
	}
	w.out.WriteRune(r)
	w.joiner, w.last = false, r
	w.marks++
}

// visible reports whether a character is one that people see, or a part of one.
func visible(r rune) bool {
	switch {
	case selector(r), emoji(r):
		return true // also emoji that are newer than our tables
	case r == unicode.ReplacementChar, unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r), unicode.Is(unicode.Variation_Selector, r):
		return false
	default:
		return unicode.IsGraphic(r) // no controls, no format characters, no private use, none that is not assigned
	}
}

const zeroWidthJoiner = '\u200d'

// selector reports whether a character selects the look of the symbol before it.
func selector(r rune) bool { return r == '\ufe0e' || r == '\ufe0f' }

func emoji(r rune) bool { return r >= 0x1f000 && r <= 0x1faff }

// pictograph reports whether a character may be part of a joined emoji.
func pictograph(r rune) bool {
	return emoji(r) || unicode.Is(unicode.So, r) || r == '↔' || r == '↕'
}

func skinTone(r rune) bool { return r >= 0x1f3fb && r <= 0x1f3ff }

// flagLetter reports whether a character is one half of a flag.
func flagLetter(r rune) bool { return r >= 0x1f1e6 && r <= 0x1f1ff }

// extends reports whether a character belongs to the one before it.
func extends(r rune) bool {
	return unicode.Is(unicode.M, r) || selector(r) || skinTone(r) ||
		r >= 0x1160 && r <= 0x11ff || r >= 0xd7b0 && r <= 0xd7ff // vowels and finals of taken-apart Korean
}

// clusterLen is the length in bytes of the letter with which a cleaned text begins.
func clusterLen(s string) int {
	before, end := utf8.DecodeRuneInString(s)
	flag := flagLetter(before)
	for end < len(s) {
		r, n := utf8.DecodeRuneInString(s[end:])
		switch {
		case extends(r), r == zeroWidthJoiner, before == zeroWidthJoiner:
		case flag && flagLetter(r):
			flag = false
		default:
			return end
		}
		end += n
		before = r
	}
	return end
}

const ellipsis = "…"

// cut keeps the letters of a cleaned text that there is room for.
func cut(s string, most int) string {
	if most <= 0 {
		return ""
	}
	room := len(s)
	if most <= len(s) { // else no bound is reached; Whole must not overflow
		room = Bytes(most)
	}
	end, short, n := 0, 0, 0 // short: where the text ends if it has to be cut
	for end < len(s) {
		next := end + clusterLen(s[end:])
		if n++; n > most || next > room {
			return strings.TrimRight(s[:short], " \n") + ellipsis
		}
		if end = next; n < most && end+len(ellipsis) <= room {
			short = end
		}
	}
	return s
}
