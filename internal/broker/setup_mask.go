package broker

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"avain/internal/hetu"
)

func sortedNames(c claims) []string { return slices.Sorted(maps.Keys(c)) }

// openClaims say nothing of the person. Every other claim is masked, one that nobody has
// heard of above all: a new one may well be a phone number.
func openClaims() []string {
	return []string{
		"iss", "aud", "azp", "exp", "iat", "nbf", "auth_time", "acr", "amr", "idp",
		"identityscheme", "authenticationtype", "authenticationmethod", "authenticationinstant", "country", // Idura
		"ftn_idp", "idp_issuer", "nin_type", "nin_issuing_country", "sandbox", // Signicat
		"fi_tupas_bank", // IN Groupe
	}
}

// shown is a claim's value as it may be printed.
func (u *upstream) shown(c claims, name string) string {
	value := c[name]
	if name == u.config.Claims.HETU || looksLikeCode(value) {
		return describeCode(c.text(name))
	}
	isOpen := slices.Contains(openClaims(), name) || name == u.config.Claims.Level || name == u.config.Claims.AuthTime || name == u.config.Method.Claim
	if !isOpen {
		return masked(value)
	}
	if at := c.time(name); !at.IsZero() {
		return fmt.Sprintf("%.0f (%s)", value, at.Format(time.RFC3339))
	}
	text := inJSON(value)
	if len(text) > 300 {
		text = text[:300] + "…"
	}
	return strings.Map(visible, text)
}

func looksLikeCode(value any) bool {
	text, _ := value.(string)
	_, err := hetu.Parse(text, hetu.Lenient)
	return err == nil
}

// describeCode says what kind of code it is, and nothing of which.
func describeCode(text string) string {
	_, err := hetu.Parse(text, hetu.Production)
	switch {
	case text == "":
		return "(empty)"
	case err == nil:
		return "(a personal identity code)"
	case errors.Is(err, hetu.ErrArtificial):
		return "(a personal identity code of a test person)"
	case looksLikeCode(text):
		return "(a personal identity code with a wrong check character)"
	default:
		return fmt.Sprintf("(%d characters, no personal identity code)", len([]rune(text)))
	}
}

// masked tells the form of a value: what somebody needs who asks whether it is there.
func masked(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return fmt.Sprint(v)
	case string:
		if v == "" {
			return "(empty)"
		}
		runes := []rune(v)
		if len(runes) < 3 || !unicode.IsLetter(runes[0]) { // a date or a number begins to tell
			return fmt.Sprintf("(%d characters)", len(runes))
		}
		return fmt.Sprintf("%c… (%d characters)", runes[0], len(runes))
	case float64:
		return "(a number)"
	case []any:
		return fmt.Sprintf("(a list of %d)", len(v))
	default:
		return "(an object)"
	}
}
