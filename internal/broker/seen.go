package broker

import (
	"slices"
	"strings"
)

// Seen reports whether a failure word tells what the service itself saw of the broker: on
// its own connections (discovery, keys, PAR, token), in a token that the broker made, or
// in a circuit that opened because of those. The rest is what a browser brought, and no
// evidence about anybody (threat 43): the query of a callback, a code that the broker
// refuses because nobody ever got it, and a person who did not wait. Words that are not
// known here are none either.
//
// Whatever opens the circuit is seen; some of what is seen speaks against our request, and
// not against the broker's health.
func Seen(word string) bool {
	word, _, _ = strings.Cut(word, ":") // without the name of a claim
	step, outcome, _ := strings.Cut(word, ".")
	switch step {
	case "discovery", "jwks", "par":
		return outcome != "cancelled"
	case "token":
		// RFC 6749 §5.2: 401 is about our authentication, 400 may be about the browser's code.
		status, answered := strings.CutPrefix(outcome, "http_")
		return outcome != "cancelled" && (!answered || status == "401" || status == "429" || status >= "500")
	case "id_token":
		// A code of one journey can be brought to another's callback, and at another time.
		return !slices.Contains([]string{"nonce", "iat", "exp", "auth_time_stale"}, outcome)
	default:
		return word == "circuit.open"
	}
}
