package roster

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"avain/internal/exact"
	"avain/internal/hetu"
	"avain/internal/login"
	"avain/internal/mail"
	"avain/internal/shown"
)

// Entry is a person as an employer writes them.
type Entry struct {
	ExternalID string    `json:"external_id"`
	UserName   string    `json:"user_name"`
	Email      string    `json:"email"`
	GivenName  string    `json:"given_name"`
	FamilyName string    `json:"family_name"`
	Locale     string    `json:"locale"`
	Kind       string    `json:"kind"`
	HETU       string    `json:"hetu"`
	Benefits   []Benefit `json:"benefits"`
}

// Benefit is what an employer gives. Days are written 2026-12-31 and are Finnish ones.
type Benefit struct {
	Kind     string `json:"kind"`
	StartsOn string `json:"starts_on"`
	EndsOn   string `json:"ends_on"`  // the last day; empty: until further notice
	Released *bool  `json:"released"` // nil: yes
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

// Read checks an entry and makes a record of it. Without mistakes the record and the
// code can be believed.
func (r Rules) Read(e Entry, now time.Time) (login.Employment, hetu.Code, login.Mistakes) {
	var c checker
	m := login.Employment{
		ExternalID: c.id("external_id", e.ExternalID), UserName: c.id("user_name", e.UserName), Email: c.email(e.Email),
		GivenName: PersonName(e.GivenName), FamilyName: PersonName(e.FamilyName),
		Locale: languageOf(e.Locale), Kind: login.UserKind(e.Kind),
	}
	if e.Kind != "" && !slices.Contains(login.UserKinds(), m.Kind) {
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
	if len(e.Benefits) > most {
		c.add("benefits", "at most "+strconv.Itoa(most))
		return m, code, c.mistakes
	}
	for i, b := range e.Benefits {
		read := r.benefit(&c, "benefits["+strconv.Itoa(i)+"].", b, now)
		if slices.ContainsFunc(m.Benefits, func(other login.Benefit) bool { return other.Kind == read.Kind }) {
			c.add("benefits["+strconv.Itoa(i)+"].kind", "is there twice")
		}
		m.Benefits = append(m.Benefits, read)
	}
	return m, code, c.mistakes
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
func (r Rules) ReadBenefit(b Benefit, now time.Time) (login.Benefit, login.Mistakes) {
	var c checker
	read := r.benefit(&c, "", b, now)
	return read, c.mistakes
}

func (r Rules) benefit(c *checker, at string, b Benefit, now time.Time) login.Benefit {
	read := login.Benefit{Kind: b.Kind}
	if !slices.Contains(r.Kinds, b.Kind) {
		c.add(at+"kind", "must be one of "+strings.Join(r.Kinds, ", "))
	}
	read.StartsAt = c.day(at+"starts_on", b.StartsOn, r.Zone)
	if read.EndsAt = c.day(at+"ends_on", b.EndsOn, r.Zone); !read.EndsAt.IsZero() {
		read.EndsAt = read.EndsAt.AddDate(0, 0, 1) // the last day belongs to it
		if !read.EndsAt.After(read.StartsAt) {
			c.add(at+"ends_on", "must not be before starts_on")
		}
	}
	if b.Released == nil || *b.Released {
		read.ReleasedAt = now
	}
	return read
}

// checker gathers mistakes.
type checker struct{ mistakes login.Mistakes }

func (c *checker) add(field, detail string) {
	c.mistakes = append(c.mistakes, login.Mistake{Field: field, Detail: detail})
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
func (c *checker) id(field, s string) string {
	s = c.word(field, s, maxID)
	if _, err := hetu.Parse(s, hetu.Lenient); err == nil {
		c.add(field, "must not be a personal identity code")
		return ""
	}
	return s
}

func (c *checker) email(s string) string {
	s = c.word("email", s, maxEmail)
	if s == "" {
		return ""
	}
	address, err := mail.ParseRecipient(s)
	if err != nil {
		c.add("email", "must be one e-mail address, such as aino@example.com")
		return ""
	}
	return address
}

func (c *checker) day(field, s string, zone *time.Location) time.Time {
	if s == "" {
		return time.Time{}
	}
	day, err := time.ParseInLocation(time.DateOnly, s, zone)
	if err != nil || day.Year() < 1970 {
		c.add(field, "must be a day such as 2026-12-31")
		return time.Time{}
	}
	return day
}
