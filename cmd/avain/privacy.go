package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"avain/internal/app"
	"avain/internal/domain/fault"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/audit"
)

// whomArgs name a person by an id, by a support code, or by an identity code, which does
// not belong on a command line: others see it there, and it stays in the shell's memory.
type whomArgs struct {
	configFlag
	Person   string `arg:"" optional:"" help:"Id of a person or of an employer's record, or the support code of a login."`
	HetuFile string `help:"File that holds the personal identity code instead, or - for standard input." placeholder:"FILE"`
}

// check tells a wrong use before anything is opened.
func (a whomArgs) check() error {
	switch _, code := login.ParseSupportCode(a.Person); {
	case (a.Person == "") == (a.HetuFile == ""):
		return usageError{errors.New("name the person by an id or a support code, or by --hetu-file")}
	case a.Person != "" && !code && !login.ValidID(a.Person):
		return usageError{errors.New("this is neither an id nor a support code; an id that begins with - goes after --")}
	}
	return nil
}

// find answers the id.
func (a whomArgs) find(ctx context.Context, t terminal, s *app.Service) (string, error) {
	if a.HetuFile != "" {
		return a.byCode(ctx, t, s)
	}
	code, ok := login.ParseSupportCode(a.Person)
	if !ok {
		return a.Person, nil
	}
	attempt, err := s.Store.Attempts.AttemptBySupportCode(ctx, code)
	if errors.Is(err, fault.ErrNotFound) || err == nil && attempt.Person == "" {
		return "", fmt.Errorf("there is no login with the support code %s in which somebody was identified", code)
	}
	return attempt.Person, err
}

func (a whomArgs) byCode(ctx context.Context, t terminal, s *app.Service) (string, error) {
	c, err := a.load(t)
	if err != nil {
		return "", err
	}
	in, done, err := openInput(a.HetuFile, t)
	if err != nil {
		return "", err
	}
	defer done()
	text, err := io.ReadAll(io.LimitReader(in, 1<<10))
	if err != nil {
		return "", err
	}
	code, err := hetu.Parse(strings.TrimSpace(string(text)), app.HETUMode(c))
	if err != nil {
		return "", usageError{err}
	}
	p, err := s.People.ByCode(ctx, code)
	if err != nil {
		return "", unknown("person with this identity code", err)
	}
	return p.ID, nil
}

type peopleExportCommand struct{ whomArgs }

// Help is shown by avain admin people export --help.
func (peopleExportCommand) Help() string {
	return `Prints everything that there is about a person as one JSON document, with what its words mean, and without secrets or the identity code. It is written to the audit log. See docs/privacy.md.

  avain admin people export K7Q-4TM > person.json
  avain admin people export --hetu-file - < code > person.json`
}

// Run prints the document.
func (c peopleExportCommand) Run(ctx context.Context, t terminal) error {
	if err := c.check(); err != nil {
		return err
	}
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		id, err := c.find(ctx, t, s)
		if err != nil {
			return err
		}
		d, err := s.Privacy.Export(ctx, audit.System, id)
		if err != nil {
			return unknown("person", err)
		}
		body, err := d.Bytes()
		if err != nil {
			return err
		}
		_, err = t.out.Write(body)
		return err
	})
}

type peopleEraseCommand struct {
	whomArgs
	Why string `required:"" enum:"request,objection,unlawful,order,mistake" help:"For the audit log: request (of the person), objection, unlawful, order (of an authority), mistake."`
	Yes bool   `help:"Do not ask."`
}

// Help is shown by avain admin people erase --help.
func (peopleEraseCommand) Help() string {
	return `Logs a person out everywhere and deletes everything about them, whatever employer it came from, in one transaction. Only the audit log stays, which holds ids alone. It cannot be undone, and an employer who still sends the person's data adds them anew. See docs/privacy.md.

  avain admin people erase K7Q-4TM --why request
  avain admin people erase 5fPmrVnSIqyO2nBN0fZ1Lw --why request --yes`
}

// Run erases the person.
func (c peopleEraseCommand) Run(ctx context.Context, t terminal) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.HetuFile == "-" && !c.Yes {
		return usageError{errors.New("the answer cannot come from where the identity code comes from; say --yes")}
	}
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		id, err := c.find(ctx, t, s)
		if err != nil {
			return err
		}
		if !c.Yes {
			if err := confirm(t, id); err != nil {
				return err
			}
		}
		gone, err := s.Privacy.Erase(ctx, audit.System, id, c.Why)
		if err != nil {
			return unknown("person", err)
		}
		return t.table(newErasedOut(id, gone), []string{"ID", "RECORDS", "EMPLOYMENTS", "SESSIONS", "LOGINS", "JOBS"},
			[][]string{{
				id, fmt.Sprint(len(gone.Persons)), fmt.Sprint(len(gone.Employments)), fmt.Sprint(gone.Sessions), fmt.Sprint(gone.Attempts), fmt.Sprint(gone.Jobs),
			}})
	})
}

// erasedOut is what was erased, in JSON.
type erasedOut struct {
	ID          string `json:"id"`
	Persons     int    `json:"persons"`
	Employments int    `json:"employments"`
	Sessions    int64  `json:"sessions"`
	Attempts    int64  `json:"attempts"`
	Jobs        int64  `json:"jobs"`
}

func newErasedOut(id string, e operations.ErasureResult) erasedOut {
	return erasedOut{id, len(e.Persons), len(e.Employments), e.Sessions, e.Attempts, e.Jobs}
}

// confirm asks for the id: a key that was pressed too often erases nobody.
func confirm(t terminal, id string) error {
	if _, err := fmt.Fprintf(t.err, "Everything about %s will be deleted for good. Write the id to go on: ", id); err != nil {
		return err
	}
	line, err := bufio.NewReader(io.LimitReader(t.in, 1<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(line) != id {
		return errors.New("nothing was deleted: that is not the id")
	}
	return nil
}
