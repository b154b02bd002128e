package web

import (
	"strings"
	"unicode/utf8"

	"avain/internal/domain/login"
)

// MaskedName is enough of a name for its owner to recognise it and little for
// anybody else: "Maija M.". A broker that sends one string only does not say which
// word is the family name, so all of them become initials: "M. M.".
func MaskedName(id login.Identity) string {
	given, family := first(id.GivenName), first(id.FamilyName)
	if given != "" && family != "" {
		return given + " " + initial(family)
	}
	var b strings.Builder
	for i, word := range strings.Fields(id.Name) {
		if i == 3 {
			break
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(initial(word))
	}
	return b.String()
}

func first(names string) string {
	words := strings.Fields(names)
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

func initial(word string) string {
	c, _ := utf8.DecodeRuneInString(word)
	return strings.ToUpper(string(c)) + "."
}
