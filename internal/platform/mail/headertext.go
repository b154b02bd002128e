package mail

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"avain/internal/domain/shown"
)

// A word of a head that is encoded (RFC 2047 §2): at most 75 characters long, so that 45
// bytes have room in it.
const (
	wordBegins   = "=?utf-8?b?"
	wordEnds     = "?="
	wordBytes    = 45
	looksEncoded = "=?"
)

// plainInHead reports whether a text can stand in a head as it is, and is read as it is:
// mail programs decode whatever looks encoded, so an employer who is called
// "=?utf-8?B?…?=" would be shown as another.
func plainInHead(s string) bool {
	return !strings.Contains(s, looksEncoded) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// headText writes a text for a head. The standard library cuts encoded words between any
// two characters; there are mail programs that show each word by itself, and in them a
// family became a man, a woman and a question mark. So words are cut between letters as
// people count them. The text must be one line (shown.Line).
func headText(s string) string {
	if plainInHead(s) {
		return s
	}
	var words []string
	word := ""
	end := func() {
		if word != "" {
			words = append(words, wordBegins+base64.StdEncoding.EncodeToString([]byte(word))+wordEnds)
			word = ""
		}
	}
	for letter := range shown.Letters(s) {
		if len(word)+len(letter) > wordBytes {
			end()
		}
		for len(letter) > wordBytes { // longer than any word: between its characters then
			at := wordBytes
			for !utf8.RuneStart(letter[at]) {
				at--
			}
			word, letter = letter[:at], letter[at:]
			end()
		}
		word += letter
	}
	end()
	return strings.Join(words, "\r\n ")
}

var inQuotes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// header is the address as it stands in a head. A name is in quotes or encoded, never
// both: what is encoded inside of quotes is decoded by some programs only (RFC 2047 §5).
func (a address) header() string {
	switch {
	case a.Name == "":
		return "<" + a.Spec + ">"
	case plainInHead(a.Name):
		return `"` + inQuotes.Replace(a.Name) + "\"\r\n <" + a.Spec + ">"
	default:
		return headText(a.Name) + "\r\n <" + a.Spec + ">"
	}
}
