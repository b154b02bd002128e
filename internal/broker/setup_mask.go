package broker

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"avain/internal/domain/hetu"
	"avain/internal/domain/shown"
)

func sortedNames(c claims) []string { return slices.Sorted(maps.Keys(c)) }

// openClaims say nothing of the person. Every other claim is masked, one that nobody has
// heard of above all: a new one may well be a phone number.
func openClaims() []string {
	return []string{
		"iss", "aud", "azp", "exp", "iat", "nbf", "auth_time", "acr", "amr", "idp",
		"identityscheme", "authenticationtype", "authenticationmethod", "authenticationinstant", // Idura
		"ftn_idp", "idp_issuer", "nin_type", "nin_issuing_country", "sandbox", // Signicat
		"fi_tupas_bank", // IN Groupe
	}
}

// isOpen reports whether a claim may be shown as it is. The claims that the configuration
// reads a level, a time or a method from are; it cannot name one of the person's there.
func (c Config) isOpen(name string) bool {
	return slices.Contains(openClaims(), name) || name == c.Claims.Level || name == c.Claims.AuthTime || name == c.Method.Claim
}

// maxClaim bounds a claim as it is printed, in letters.
const maxClaim = 300

// printed is a claim's value as it may be printed.
func (u *upstream) printed(c claims, name string) string {
	value, there := c[name]
	switch {
	case !there:
		return ""
	case name == u.config.Claims.HETU, looksLikeCode(value):
		return describeCode(c.text(name))
	case !u.config.isOpen(name):
		return masked(value)
	}
	if at := c.time(name); !at.IsZero() {
		return fmt.Sprintf("%.0f (%s)", value, at.Format(time.RFC3339))
	}
	return shown.Line(withoutCodes(shown.Line(inJSON(value), shown.Whole)), maxClaim) // a cut must leave no half of a code
}

// code is a personal identity code in a longer text.
var code = regexp.MustCompile(`[0-9]{6}[-+A-Za-z][0-9]{3}[0-9A-Za-z]`)

func withoutCodes(text string) string {
	return code.ReplaceAllString(text, "(a personal identity code)")
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
		return "(true or false)"
	case string:
		if v == "" {
			return "(empty)"
		}
		return fmt.Sprintf("(%d characters)", len([]rune(v)))
	case float64:
		return "(a number)"
	case []any:
		return fmt.Sprintf("(a list of %d)", len(v))
	default:
		return "(an object)"
	}
}
