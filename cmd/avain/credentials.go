package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"avain/internal/app"
	"avain/internal/core/people"
	"avain/internal/core/provisioning"
	"avain/internal/domain/exact"
	"avain/internal/domain/fault"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/platform/mail"
	"avain/internal/platform/passhash"
	"avain/internal/secret"
)

type credentialsAddCommand struct {
	configFlag
	File string `arg:"" help:"File with one person per line, or - for standard input."`
}

// Help is shown by avain admin credentials add --help.
func (credentialsAddCommand) Help() string {
	return `Each line is a JSON object: user_name or email is needed, and either password (kept as a hash) or password_hash (Argon2id in PHC format, from the system that the people come from). name, given_name, family_name, locale (fi, sv, en), benefits and hetu are not needed. Somebody whose hetu is known keeps name and benefits and gets the user name to them. A user name or e-mail address that logs somebody in already is passed over. All lines are checked before anybody is added. Never write a password into a command line, where other users of the machine can read it.

  {"user_name":"maija","email":"maija@example.com","name":"Maija Meikäläinen","locale":"fi","password_hash":"$argon2id$v=19$m=19456,t=2,p=1$…$…","benefits":[{"kind":"lunch","employer":"Esimerkki Oy"}]}

  avain admin credentials add smartum.ndjson
  export-users | avain admin credentials add -`
}

// credentialLine is one line.
type credentialLine struct {
	UserName     string          `json:"user_name"`
	Email        string          `json:"email"`
	Password     string          `json:"password"`
	PasswordHash string          `json:"password_hash"`
	HETU         string          `json:"hetu"`
	Name         string          `json:"name"`
	GivenName    string          `json:"given_name"`
	FamilyName   string          `json:"family_name"`
	Locale       string          `json:"locale"`
	Benefits     []login.Benefit `json:"benefits"`
}

// credentialed is a line that has been checked.
type credentialed struct {
	newcomer
	userName string
	hash     string      // as it came, or
	typed    secret.Text // to be hashed
}

// Run adds the people.
func (c credentialsAddCommand) Run(ctx context.Context, t terminal) error {
	loaded, err := c.load(t)
	if err != nil {
		return err
	}
	in, done, err := openInput(c.File, t)
	if err != nil {
		return err
	}
	defer done()
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		all, err := readCredentials(ctx, in, app.HETUMode(loaded), s.Rules)
		if err != nil {
			return refused(t, err)
		}
		progress, gone := progressOn(t.err, "user names")
		added, unknown, err := adding[credentialed]{
			s: s,
			prepare: func(ctx context.Context, one *credentialed) (err error) {
				if one.hash == "" {
					one.hash, err = s.People.HashPassword(ctx, one.typed)
				}
				return err
			},
			add: func(ctx context.Context, one credentialed) (isNew bool, err error) {
				return s.People.AddSmartum(ctx, one.code, one.person, one.userName, one.hash)
			},
		}.all(ctx, all, progress)
		gone()
		if err != nil {
			return fmt.Errorf("%d of %d were added: %w", added, len(all), err)
		}
		return t.say(credentialsOut{len(all), unknown, len(all) - added, []lineMistake{}}, "%s, %d of them added for new people, %d there already",
			count(len(all), "user name", "user names"), unknown, len(all)-added)
	})
}

// credentialsOut is what was added, in JSON.
type credentialsOut struct {
	UserNames int           `json:"user_names"`
	New       int           `json:"new"`      // people
	Existing  int           `json:"existing"` // user names
	Mistakes  []lineMistake `json:"mistakes"` // when there are any, nobody was added
}

func readCredentials(ctx context.Context, in io.Reader, mode hetu.Mode, rules passhash.Rules) ([]credentialed, error) {
	return readLines(in, func(line []byte) (credentialed, error) {
		var e credentialLine
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&e); err != nil || decoder.More() {
			return credentialed{}, errors.New("must be one JSON object with user_name, email, password or password_hash, hetu, name, given_name, family_name, locale, benefits and no other field")
		}
		return checkCredential(ctx, e, mode, rules)
	})
}

// checkCredential repeats nothing of the line in its errors.
func checkCredential(ctx context.Context, e credentialLine, mode hetu.Mode, rules passhash.Rules) (credentialed, error) {
	if flaw := exact.Flaw(e.UserName); flaw != "" {
		return credentialed{}, errors.New("user_name " + flaw)
	}
	if flaw := exact.Flaw(e.Email); flaw != "" {
		return credentialed{}, errors.New("email " + flaw)
	}
	one := credentialed{userName: people.UserName(e.UserName), hash: e.PasswordHash}
	e.Email = people.UserName(e.Email)
	switch {
	case one.userName == "" && e.Email == "":
		return one, errors.New("needs user_name or email")
	case len(one.userName) > people.MaxUserName || len(e.Email) > people.MaxUserName:
		return one, fmt.Errorf("user_name and email must have at most %d bytes", people.MaxUserName)
	case e.Email != "" && (mail.CheckAddress(e.Email) != nil || strings.ContainsAny(e.Email, "<>")):
		return one, errors.New("email must be one e-mail address")
	case (e.Password == "") == (e.PasswordHash == ""):
		return one, errors.New("needs either password or password_hash")
	case e.PasswordHash != "" && passhash.Check(e.PasswordHash) != nil:
		return one, passhash.Check(e.PasswordHash)
	}
	person, err := personOf(entry{Name: e.Name, GivenName: e.GivenName, FamilyName: e.FamilyName, Email: e.Email, Locale: e.Locale, Benefits: e.Benefits})
	if err != nil {
		return one, err
	}
	one.person = person
	if e.HETU != "" {
		if one.code, err = hetu.Parse(e.HETU, mode); err != nil {
			return one, err
		}
	}
	if e.Password == "" {
		return one, nil
	}
	one.typed = passhash.Of(e.Password)
	err = rules.Check(ctx, one.typed, one.userName, e.Email, person.Name)
	if fault.HasReason(err, login.ReasonPasswordWeak) {
		return one, fmt.Errorf("password: %s (at least %d characters, not leaked, not the name)", fault.AsError(err).Detail, rules.MinLength)
	}
	return one, err
}

// locales are the languages of people.
func locales() []string { return []string{"fi", "sv", "en"} }

// personOf is the person of a line.
func personOf(e entry) (login.Person, error) {
	if e.Locale == "" {
		e.Locale = "fi"
	}
	if !slices.Contains(locales(), e.Locale) {
		return login.Person{}, errors.New("locale must be fi, sv or en")
	}
	e.Name, e.GivenName, e.FamilyName = provisioning.PersonName(e.Name), provisioning.PersonName(e.GivenName), provisioning.PersonName(e.FamilyName)
	if e.Name == "" && e.GivenName != "" && e.FamilyName != "" {
		e.Name = e.GivenName + " " + e.FamilyName
	}
	for i, benefit := range e.Benefits {
		benefit.Employer = provisioning.EmployerName(benefit.Employer)
		e.Benefits[i].Employer = benefit.Employer
		if benefit.Kind == "" || benefit.Employer == "" {
			return login.Person{}, errors.New("each benefit needs kind and employer")
		}
	}
	if flaw := exact.Flaw(e.Email); flaw != "" {
		return login.Person{}, errors.New("email " + flaw)
	}
	return login.Person{
		Name: e.Name, GivenName: e.GivenName, FamilyName: e.FamilyName, Email: e.Email, Locale: e.Locale, Benefits: e.Benefits,
	}, nil
}
