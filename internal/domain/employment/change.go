package employment

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
)

// Change is what an employer says of a person now. What is nil has not been said,
// and changes nothing: a nightly file knows its own columns, and none of what others have
// written. A text that is said and empty takes away what was there.
type Change struct {
	Kind       *UserKind
	ExternalID *string
	UserName   *string
	Email      *string
	GivenName  *string
	FamilyName *string
	Locale     *string

	Lookup []byte // counts until somebody has activated the record

	// Benefits are the kinds that the person has from now on: one that is not among them is
	// over. nil: nothing has been said of benefits. An empty list ends all of them.
	Benefits []BenefitChange
}

// BenefitChange is what an employer says of one benefit now. What is nil has not been said:
// a benefit that is there keeps it, a new one begins at once, is until further notice, and
// is released.
type BenefitChange struct {
	Kind     string
	StartsAt *time.Time // zero: at once
	EndsAt   *time.Time // zero: until further notice
	Released *bool
}

// With is the record when the employer has said so. It is the one place that knows what is
// kept of a record when something is said of it. The mistakes are those that can only be
// seen beside what is there already; with any, the record is worth nothing.
func (e Employment) With(c Change, at time.Time) (Employment, fault.FieldErrors) {
	said(&e.Kind, c.Kind)
	said(&e.ExternalID, c.ExternalID)
	said(&e.UserName, c.UserName)
	said(&e.Email, c.Email)
	said(&e.GivenName, c.GivenName)
	said(&e.FamilyName, c.FamilyName)
	said(&e.Locale, c.Locale)
	if len(c.Lookup) > 0 && e.ActivatedAt.IsZero() {
		e.Lookup = c.Lookup
	}
	if c.Benefits == nil {
		return e, nil
	}
	var all []login.Benefit
	var mistakes fault.FieldErrors
	for i, change := range c.Benefits {
		b, wrong := e.Benefit(change, at)
		for _, m := range wrong {
			mistakes = append(mistakes, fault.FieldError{Field: "benefits[" + strconv.Itoa(i) + "]." + m.Field, Detail: m.Detail})
		}
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b login.Benefit) int { return strings.Compare(a.Kind, b.Kind) }) // as the store lists them
	e.Benefits = all
	return e, mistakes
}

// Benefit is one benefit of the record, or a new one, when the employer has said so of it.
func (e Employment) Benefit(c BenefitChange, at time.Time) (login.Benefit, fault.FieldErrors) {
	b := login.Benefit{Kind: c.Kind, ReleasedAt: at}
	if i := slices.IndexFunc(e.Benefits, func(b login.Benefit) bool { return b.Kind == c.Kind }); i >= 0 {
		b = e.Benefits[i]
	}
	said(&b.StartsAt, c.StartsAt)
	said(&b.EndsAt, c.EndsAt)
	switch {
	case c.Released == nil:
	case !*c.Released:
		b.ReleasedAt, b.ActivatedAt = time.Time{}, time.Time{}
	case b.ReleasedAt.IsZero():
		b.ReleasedAt = at
	}
	if !b.EndsAt.IsZero() && !b.EndsAt.After(b.StartsAt) {
		return b, fault.FieldErrors{{Field: "ends_on", Detail: "must not be before starts_on"}}
	}
	return b, nil
}

func said[T any](to, what *T) {
	if what != nil {
		*to = *what
	}
}
