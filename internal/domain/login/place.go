package login

import (
	"encoding/json"
	"strings"
)

// Place is where a login comes from, coarsely: a town and a country at most, in the
// languages of the pages. It is made when the login starts and read, in whatever
// language, by the person who is asked to let it in; so it keeps the names and not the
// address that they were found by. Empty: unknown.
type Place string

// NewPlace makes a place of its names by language (fi, sv, en).
func NewPlace(names map[string]string) Place {
	first, same := "", true
	for _, name := range names {
		if first == "" {
			first = name
		}
		same = same && name == first
	}
	if same && !strings.HasPrefix(first, "{") {
		return Place(first)
	}
	text, err := json.Marshal(names)
	if err != nil {
		return "" // texts always encode
	}
	return Place(text)
}

// In is the place's name in a language: in English when there is none in that one.
func (p Place) In(lang string) string {
	if !strings.HasPrefix(string(p), "{") {
		return string(p)
	}
	var names map[string]string
	if json.Unmarshal([]byte(p), &names) != nil {
		return ""
	}
	if name := names[lang]; name != "" {
		return name
	}
	return names["en"]
}
