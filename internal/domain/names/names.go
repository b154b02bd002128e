package names

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// unaccented are the letters that Unicode does not take apart.
var unaccented = strings.NewReplacer("ø", "o", "æ", "ae", "œ", "oe", "ß", "ss", "đ", "d", "ð", "d", "þ", "th", "ł", "l", "ı", "i")

// Fold writes a text in small letters without accents (NFKD).
func Fold(s string) string {
	// Some letters come apart only in one case, and some only into capitals.
	apart := norm.NFKD.String(strings.ToLower(norm.NFKD.String(s)))
	apart = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, apart)
	return unaccented.Replace(apart)
}

// Words are the folded words of a text: what stands between all that is no letter and no
// digit.
func Words(s string) []string {
	return strings.FieldsFunc(Fold(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// Agree reports whether a name that an employer wrote can be the one that a strong
// authentication has verified: one given or one family part agrees. People marry, are
// called by their second name, and are written by systems that know no ö; hardly anybody
// changes both. Names in each other's columns agree when both do.
//
// Words of one letter and particles such as "von" say nothing: with them alone a
// stranger would agree.
func Agree(given, family, verifiedGiven, verifiedFamily string) bool {
	g, f, vg, vf := parts(given), parts(family), parts(verifiedGiven), parts(verifiedFamily)
	return meet(g, vg) || meet(f, vf) || meet(g, vf) && meet(f, vg)
}

// Says reports whether there is anything in a name that could agree.
func Says(given, family string) bool { return len(parts(given))+len(parts(family)) > 0 }

// particles stand before family names, in many people's.
var particles = []string{
	"af", "al", "bin", "bint", "da", "das", "de", "del", "della", "den", "der", "di", "do", "dos", "du", "el", "ibn", "la", "le", "st", "ten", "ter", "van", "von", "zu", "zur",
}

// parts are the words of a name by which it is compared, and all of them in one: "Anna
// Maija" is Annamaija.
func parts(name string) []string {
	var all []string
	words := Words(name)
	for _, word := range words {
		if len([]rune(word)) > 1 && !slices.Contains(particles, word) {
			all = append(all, spelling(word))
		}
	}
	if len(all) > 0 && len(words) > 1 {
		all = append(all, spelling(strings.Join(words, "")))
	}
	return all
}

func meet(a, b []string) bool {
	return slices.ContainsFunc(a, func(word string) bool { return slices.Contains(b, word) })
}

// spellings are what one sound is written as: ö as oe, å as aa, and what different
// transliterations of one alphabet make of it.
var spellings = strings.NewReplacer("ae", "a", "oe", "o", "ue", "u", "ph", "f", "ck", "k", "kh", "h", "x", "ks", "w", "v", "c", "k", "q", "k", "z", "s", "y", "i", "j", "i")

// spelling is a folded word as it is compared: in one spelling, no letter twice in a row.
func spelling(word string) string {
	return string(slices.Compact([]rune(spellings.Replace(word))))
}
