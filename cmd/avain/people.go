package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"avain/internal/app"
	"avain/internal/domain/exact"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
)

type peopleAddCommand struct {
	configFlag
	File string `arg:"" help:"File with one person per line, or - for standard input."`
}

// Help is shown by avain admin people add --help.
func (peopleAddCommand) Help() string {
	return `Each line is a JSON object: hetu is needed; name, given_name, family_name, email, locale (fi, sv, en) and benefits are not. A person who is there already (same hetu) keeps everything but their benefits: those that the line does not list are over, those that it lists stay as they are, new ones are active at once. A line without benefits changes nothing; an empty list ends all of them. All lines are checked before anybody is added.

  {"hetu":"010190-900P","name":"Maija Meikäläinen","locale":"fi","benefits":[{"kind":"lunch","employer":"Esimerkki Oy"}]}

  avain admin people add people.ndjson
  export-people | avain admin people add -`
}

// entry is one line.
type entry struct {
	HETU       string          `json:"hetu"`
	Name       string          `json:"name"`
	GivenName  string          `json:"given_name"`
	FamilyName string          `json:"family_name"`
	Email      string          `json:"email"`
	Locale     string          `json:"locale"`
	Benefits   []login.Benefit `json:"benefits"`
}

// newcomer is a line that has been checked.
type newcomer struct {
	code   hetu.Code
	person login.Person
}

// Run adds the people.
func (c peopleAddCommand) Run(ctx context.Context, t terminal) (err error) {
	loaded, err := c.load(t)
	if err != nil {
		return err
	}
	in, done, err := openInput(c.File, t)
	if err != nil {
		return err
	}
	defer done()
	newcomers, err := readPeople(in, app.HETUMode(loaded))
	if err != nil {
		return refused(t, err)
	}
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		progress, gone := progressOn(t.err, "people")
		added, unknown, err := adding[newcomer]{s: s, add: func(ctx context.Context, n newcomer) (isNew bool, err error) {
			_, isNew, err = s.People.Add(ctx, n.code, n.person)
			return isNew, err
		}}.all(ctx, newcomers, progress)
		gone()
		if err != nil {
			return fmt.Errorf("%d of %d people were added: %w", added, len(newcomers), err)
		}
		return t.say(addedOut{People: added, New: unknown, Mistakes: []lineMistake{}}, "%s, %d of them new", count(added, "person", "people"), unknown)
	})
}

// addedOut is what was added, in JSON.
type addedOut struct {
	People   int           `json:"people"`
	New      int           `json:"new"`
	Mistakes []lineMistake `json:"mistakes"` // when there are any, nobody was added
}

// openInput opens a file of text, or standard input for "-".
func openInput(name string, t terminal) (in io.Reader, done func(), err error) {
	in, done = t.in, func() {}
	if name != "-" {
		f, err := os.Open(name) //nolint:gosec // the operator names it
		if err != nil {
			return nil, nil, usageError{err}
		}
		in, done = f, func() { _ = f.Close() } // read only: nothing can be lost
	}
	text, err := exact.Reader(in)
	if err != nil {
		done()
		return nil, nil, usageError{err}
	}
	return text, done, nil
}

const maxLine = 64 << 10 // bytes

func readPeople(in io.Reader, mode hetu.Mode) ([]newcomer, error) {
	return readLines(in, func(line []byte) (newcomer, error) { return readPerson(line, mode) })
}

// readLines checks every line and names every wrong one, without repeating what
// stands there: an identity code or a password does not belong on a screen.
func readLines[T any](in io.Reader, read func(line []byte) (T, error)) ([]T, error) {
	var people []T
	var wrong lineMistakes
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	n := 1
	for ; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		one, err := read(lines.Bytes())
		if err != nil {
			wrong = append(wrong, lineMistake{int64(n), "", err.Error()})
			continue
		}
		people = append(people, one)
	}
	if err := lines.Err(); err != nil {
		wrong = append(wrong, lineMistake{int64(n), "", err.Error()})
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	if len(people) == 0 {
		return nil, usageError{errors.New("there is nobody to add")}
	}
	return people, nil
}

func readPerson(line []byte, mode hetu.Mode) (newcomer, error) {
	var e entry
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&e); err != nil || decoder.More() {
		return newcomer{}, errors.New("must be one JSON object with hetu, name, given_name, family_name, email, locale, benefits and no other field")
	}
	code, err := hetu.Parse(e.HETU, mode)
	if err != nil {
		return newcomer{}, err
	}
	person, err := personOf(e)
	person.SmartumPlus = true
	return newcomer{code, person}, err
}
