package passhash

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/secret"

	"golang.org/x/text/unicode/norm"
)

// Rules say which passwords are good enough: long, not leaked, and not the person's own
// name. There are no rules about kinds of characters (NIST SP 800-63B-4 §3.1.1.2).
type Rules struct {
	MinLength int // characters
	// Leaked reports whether a password is known from a leak; nil: nobody knows.
	Leaked func(ctx context.Context, password secret.Text) (bool, error)
}

// Check answers ReasonPasswordWeak when the password is not good enough. about are
// words that it must not consist of: user name, e-mail address, name.
func (r Rules) Check(ctx context.Context, password secret.Text, about ...string) error {
	text := password.Reveal()
	if !utf8.ValidString(text) || len(text) > MaxBytes {
		return weak("too_long")
	}
	if utf8.RuneCountInString(text) < r.MinLength {
		return weak("too_short")
	}
	if monotonous(text) || consistsOf(text, about) {
		return weak("too_simple")
	}
	if r.Leaked == nil {
		return nil
	}
	leaked, err := r.Leaked(ctx, password)
	if err != nil {
		// Closed: a password that could not be looked up may be the first that is tried.
		return fault.New(fault.Unavailable, login.ReasonInternal, fmt.Errorf("look up leaked passwords: %w", err))
	}
	if leaked {
		return weak("leaked")
	}
	return nil
}

func weak(detail string) error {
	return fault.New(fault.Invalid, login.ReasonPasswordWeak, nil).WithDetail(detail)
}

// monotonous reports whether a text is made of one or two characters.
func monotonous(text string) bool {
	seen := map[rune]bool{}
	for _, c := range text {
		seen[c] = true
	}
	return len(seen) < 3
}

// consistsOf reports whether little is left of the text without what is known of the
// person.
func consistsOf(text string, about []string) bool {
	rest := strings.ToLower(text)
	for _, word := range about {
		if word != "" { // an address leaves @ and .fi where only its parts are taken away
			rest = strings.ReplaceAll(rest, strings.ToLower(word), "")
		}
		for _, part := range strings.FieldsFunc(strings.ToLower(word), func(c rune) bool { return strings.ContainsRune(" @.-_+", c) }) {
			if utf8.RuneCountInString(part) >= 3 {
				rest = strings.ReplaceAll(rest, part, "")
			}
		}
	}
	return utf8.RuneCountInString(rest) < 4
}

// Of is a password as a person has typed it: the same characters, however a keyboard
// composes them (RFC 8265 §4.2.2). Spaces belong to it.
func Of(typed string) secret.Text { return secret.Of(norm.NFC.String(typed)) }
