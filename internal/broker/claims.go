package broker

import (
	"time"

	"avain/internal/domain/shown"
)

// claims of an id_token whose signature has been verified.
type claims map[string]any

// text is a claim that must be a string; anything else reads as missing.
func (c claims) text(name string) string {
	s, _ := c[name].(string)
	return s
}

// texts is a claim that may be one string or an array of them (RFC 7519 §4.1.3). An
// array with anything else in it reads as missing.
func (c claims) texts(name string) []string {
	switch v := c[name].(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, one := range v {
			s, ok := one.(string)
			if !ok {
				return nil
			}
			out = append(out, s)
		}
		return out
	default:
		return nil
	}
}

// anyTexts is every text of a claim, also of one that texts would not read.
func (c claims) anyTexts(name string) []string {
	list, _ := c[name].([]any)
	out := c.texts(name)
	for _, one := range list {
		if s, ok := one.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// methods is what the broker says of how the person proved who they are: it goes into
// our own tokens, so it is bounded.
func (c claims) methods(claim string) []string {
	var out []string
	for _, method := range c.texts(claim) {
		if plain(method, 200) && len(out) < 8 {
			out = append(out, method)
		}
	}
	return out
}

// maxSeconds keeps dates far from overflow (year 9999).
const maxSeconds = 253402300799

// time is a NumericDate; zero when it is missing or not one.
func (c claims) time(name string) time.Time {
	seconds, ok := c[name].(float64)
	if !ok || !(seconds > 0 && seconds <= maxSeconds) {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// instant is a NumericDate, or a time in words with its zone: Idura's
// authenticationinstant is "2022-11-30T13:55:17.289Z" (ISO 8601, RFC 3339), and E-Ident
// was seen to write "14-06-2021 21:45:53 UTC". A time without a zone is none.
func (c claims) instant(name string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "02-01-2006 15:04:05 UTC"} {
		at, err := time.Parse(layout, c.text(name))
		if err == nil && at.Unix() > 0 && at.Unix() <= maxSeconds {
			return at.UTC()
		}
	}
	return c.time(name)
}

// has reports whether a claim is there and says something.
func (c claims) has(name string) bool {
	value, there := c[name]
	return there && value != nil && value != ""
}

// maxPersonName bounds a name that a broker states, in letters.
const maxPersonName = 200

// name is a person's name, fit for a page: it must not turn a masked name around on the
// confirm page.
func (c claims) name(claim string) string { return shown.Line(c.text(claim), maxPersonName) }
