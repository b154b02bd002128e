package login

import "strings"

// LanguageTag is the language tag (RFC 5646) in the name that a phone gives to its locale:
// language, script and region, without what the phone adds about calendars, first days of
// the week and units, which chooses no language. It knows tags with extensions, the
// identifiers of ICU and iOS ("fi_FI@rg=sezzzz"), Java and Android ("en_UA_#u-fw-mon",
// "zh_TW_#Hant") and POSIX ("fi_FI.UTF-8"). It is empty when there is no language in it.
func LanguageTag(locale string) string {
	if at := strings.IndexAny(locale, "@#."); at >= 0 {
		locale = locale[:at]
	}
	if strings.IndexAny(locale, "-_") == 0 { // a region without a language
		return ""
	}
	words := strings.FieldsFunc(locale, func(r rune) bool { return r == '-' || r == '_' })
	if len(words) == 0 || len(words[0]) < 2 || len(words[0]) > 3 || !letters(words[0]) {
		return ""
	}
	tag, rest := words[0], words[1:]
	if len(rest) > 0 && len(rest[0]) == 4 && letters(rest[0]) { // script (§2.2.3)
		tag, rest = tag+"-"+rest[0], rest[1:]
	}
	if len(rest) > 0 && (len(rest[0]) == 2 && letters(rest[0]) || len(rest[0]) == 3 && digits(rest[0])) { // region (§2.2.4)
		tag += "-" + rest[0]
	}
	return tag
}

func letters(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }
