package provisioning

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"avain/internal/domain/employment"
	"avain/internal/domain/exact"
	"avain/internal/domain/fault"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/domain/shown"
	"avain/internal/platform/mail"
)

// Entry is a person as an employer writes them. What is nil is not written and changes
// nothing; an empty text takes away what was there.
type Entry struct {
	ExternalID *string   `json:"external_id"`
	UserName   *string   `json:"user_name"`
	Email      *string   `json:"email"`
	GivenName  *string   `json:"given_name"`
	FamilyName *string   `json:"family_name"`
	Locale     *string   `json:"locale"`
	Kind       *string   `json:"kind"`
	HETU       string    `json:"hetu"`     // empty: not written
	Benefits   []Benefit `json:"benefits"` // nil: not written; an empty list: none from now on
}

// Benefit is what an employer gives. Days are written 2026-12-31 and are Finnish ones; an
// empty text or ".." is an open end, and so is a last day in the year 9999, which is how
// many systems write "until further notice".
type Benefit struct {
	Kind     string  `json:"kind"`
	StartsOn *string `json:"starts_on"`
	EndsOn   *string `json:"ends_on"` // the last day
	Released *bool   `json:"released"`
}

// Written is a text that may be missing: nil when it is empty.
func Written(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// filed is an entry of a file. There an empty text is as good as none: programs that write
// files fill what they do not know with empty texts, and a nightly file must not take away
// what others have written.
func (e Entry) filed() Entry {
	for _, s := range []**string{&e.ExternalID, &e.UserName, &e.Email, &e.GivenName, &e.FamilyName, &e.Locale, &e.Kind} {
		forgetEmpty(s)
	}
	for i := range e.Benefits {
		forgetEmpty(&e.Benefits[i].StartsOn)
		forgetEmpty(&e.Benefits[i].EndsOn)
	}
	return e
}

func forgetEmpty(s **string) {
	if *s != nil && **s == "" {
		*s = nil
	}
}

// Rules say what an entry may hold.
type Rules struct {
	Kinds []string // of benefits
	HETU  hetu.Mode
	Zone  *time.Location // that days are meant in
}

const (
	maxID       = 200 // characters
	maxEmail    = 254 // characters
	maxName     = 100 // letters of a given or family name
	maxEmployer = 200 // letters of an employer's name
	most        = 50  // benefits of one person
)

// PersonName is a given or family name as it is shown.
func PersonName(s string) string { return shown.Line(s, maxName) }

// EmployerName is the name of an employer as it is shown; empty when there is nothing to show.
func EmployerName(s string) string { return shown.Line(s, maxEmployer) }

// Read checks an entry and makes a change of a record of it. Without mistakes the change
// and the code can be believed.
func (r Rules) Read(e Entry) (employment.Change, hetu.Code, fault.FieldErrors) {
	var c checker
	m := employment.Change{
		ExternalID: c.id("external_id", e.ExternalID), UserName: c.id("user_name", e.UserName), Email: c.email(e.Email),
		GivenName: each(e.GivenName, PersonName), FamilyName: each(e.FamilyName, PersonName), Locale: each(e.Locale, languageOf),
		Kind: each(e.Kind, func(s string) employment.UserKind { return employment.UserKind(s) }),
	}
	if m.Kind != nil && !slices.Contains(employment.UserKinds(), *m.Kind) {
		c.add("kind", "must be smartumplus or smartum")
	}
	var code hetu.Code
	if flaw := exact.Flaw(e.HETU); flaw != "" {
		c.add("hetu", flaw)
	} else if e.HETU != "" {
		var err error
		if code, err = hetu.Parse(e.HETU, r.HETU); err != nil {
			c.add("hetu", strings.TrimPrefix(err.Error(), "personal identity code: "))
		}
	}
	if e.Benefits == nil {
		return m, code, c.mistakes
	}
	m.Benefits = []employment.BenefitChange{}
	if len(e.Benefits) > most {
		c.add("benefits", "at most "+strconv.Itoa(most))
		return m, code, c.mistakes
	}
	for i, b := range e.Benefits {
		at := "benefits[" + strconv.Itoa(i) + "]."
		read := r.benefit(&c, at, b)
		if slices.ContainsFunc(m.Benefits, func(other employment.BenefitChange) bool { return other.Kind == read.Kind }) {
			c.add(at+"kind", "is there twice")
		}
		m.Benefits = append(m.Benefits, read)
	}
	return m, code, c.mistakes
}

// each is what reading makes of a text, where there is one.
func each[T any](s *string, read func(string) T) *T {
	if s == nil {
		return nil
	}
	return new(read(*s))
}

// languageOf is ours of the languages that a system writes in its own way ("fi-FI",
// "sv_FI"). It is empty, so that letters are in the employer's language, for all others:
// people speak more languages than we do.
func languageOf(locale string) string {
	language, _, _ := strings.Cut(strings.ToLower(login.LanguageTag(locale)), "-")
	if slices.Contains([]string{"fi", "sv", "en"}, language) {
		return language
	}
	return ""
}

// ReadBenefit checks one benefit.
func (r Rules) ReadBenefit(b Benefit) (employment.BenefitChange, fault.FieldErrors) {
	var c checker
	read := r.benefit(&c, "", b)
	return read, c.mistakes
}

func (r Rules) benefit(c *checker, at string, b Benefit) employment.BenefitChange {
	read := employment.BenefitChange{Kind: b.Kind, Released: b.Released}
	if flaw := exact.Flaw(b.Kind); flaw != "" {
		c.add(at+"kind", flaw)
	} else if !slices.Contains(r.Kinds, b.Kind) {
		c.add(at+"kind", "must be one of "+strings.Join(r.Kinds, ", "))
	}
	read.StartsAt = c.day(at+"starts_on", b.StartsOn, r.Zone)
	if read.EndsAt = c.lastDay(at+"ends_on", b.EndsOn, r.Zone); read.StartsAt != nil && read.EndsAt != nil &&
		!read.EndsAt.IsZero() && !read.EndsAt.After(*read.StartsAt) {
		c.add(at+"ends_on", "must not be before starts_on")
	}
	return read
}

// checker gathers mistakes.
type checker struct{ mistakes fault.FieldErrors }

func (c *checker) add(field, detail string) {
	c.mistakes = append(c.mistakes, fault.FieldError{Field: field, Detail: detail})
}

// word checks what finds somebody: unlike a name it is taken exactly, or refused.
func (c *checker) word(field, s string, longest int) string {
	flaw := exact.Flaw(s)
	switch {
	case flaw != "":
		c.add(field, flaw)
	case utf8.RuneCountInString(s) > longest:
		c.add(field, "at most "+strconv.Itoa(longest)+" characters")
	default:
		return strings.Trim(s, " ")
	}
	return ""
}

// id checks a name of the employer's own. An identity code does not belong there: ids
// are shown, exported and logged.
func (c *checker) id(field string, written *string) *string {
	if written == nil {
		return nil
	}
	s := c.word(field, *written, maxID)
	if _, err := hetu.Parse(s, hetu.Lenient); err == nil {
		c.add(field, "must not be a personal identity code")
		return nil
	}
	return &s
}

func (c *checker) email(written *string) *string {
	if written == nil {
		return nil
	}
	s := c.word("email", *written, maxEmail)
	if s == "" {
		return &s
	}
	address, err := mail.ParseRecipient(s)
	if err != nil {
		c.add("email", "must be one e-mail address, such as aino@example.com")
		return nil
	}
	return &address
}

// Days that a benefit may begin on. A last day after them says "until further notice".
const (
	firstYear = 1970
	lastYear  = 9998
)

// openEnd is what stands for an end that is open (ISO 8601-2).
const openEnd = ".."

// day is the beginning of a day that is written; the zero time where the end is open.
func (c *checker) day(field string, written *string, zone *time.Location) *time.Time {
	return c.days(field, written, zone, 0)
}

// lastDay is the end of the last day that is written.
func (c *checker) lastDay(field string, written *string, zone *time.Location) *time.Time {
	if written != nil {
		if day, err := time.ParseInLocation(time.DateOnly, *written, zone); err == nil && day.Year() > lastYear {
			return new(time.Time)
		}
	}
	return c.days(field, written, zone, 1)
}

// days is so many days after the beginning of a day that is written. Whatever stands there,
// it is a time that both databases and JSON can hold, or a mistake.
func (c *checker) days(field string, written *string, zone *time.Location, after int) *time.Time {
	if written == nil {
		return nil
	}
	if *written == "" || *written == openEnd {
		return new(time.Time)
	}
	day, err := time.ParseInLocation(time.DateOnly, *written, zone)
	if err != nil || day.Year() < firstYear || day.Year() > lastYear {
		c.add(field, "must be a day such as 2026-12-31, from the year 1970 on")
		return nil
	}
	return new(day.AddDate(0, 0, after).UTC())
}
