package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"avain/internal/app"
	"avain/internal/core/provisioning"
	"avain/internal/domain/employment"
	"avain/internal/domain/login"
	"avain/internal/platform/audit"
)

type employersAddCommand struct {
	configFlag
	Name   string `arg:"" help:"Its name, as people read it."`
	Locale string `default:"fi" enum:"fi,sv,en" help:"Language of mails to people whose own is not known: fi, sv or en."`
}

// Help is shown by avain admin employers add --help.
func (employersAddCommand) Help() string {
	return `Prints the id of the new employer.

  avain admin employers add "Esimerkki Oy" --locale sv`
}

// Run adds the employer.
func (c employersAddCommand) Run(ctx context.Context, t terminal) error {
	name := provisioning.EmployerName(c.Name)
	if name == "" {
		return usageError{errors.New("the name must have a letter that can be seen")}
	}
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		e := employment.Employer{ID: login.NewID(), Name: name, Locale: c.Locale, CreatedAt: time.Now()}
		if err := s.Audit.Atomically(ctx, func(ctx context.Context) error {
			s.Audit.EmployerAdded(ctx, audit.System, e.ID)
			return s.Store.Employments.AddEmployer(ctx, e)
		}); err != nil {
			return err
		}
		return t.say(act{e.ID, "added"}, "%s", e.ID)
	})
}

type employersListCommand struct {
	configFlag
}

// Help is shown by avain admin employers list --help.
func (employersListCommand) Help() string {
	return `Lists all employers. Times are UTC.

  avain admin employers list`
}

// employerOut is an employer in JSON.
type employerOut struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Locale    string    `json:"locale"`
	CreatedAt time.Time `json:"created_at"`
}

const listPage = 500

// Run lists.
func (c employersListCommand) Run(ctx context.Context, t terminal) error {
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		values, rows := []employerOut{}, [][]string{}
		for after := ""; ; {
			all, err := s.Store.Employments.Employers(ctx, after, listPage)
			if err != nil {
				return err
			}
			for _, e := range all {
				values = append(values, employerOut{e.ID, e.Name, e.Locale, e.CreatedAt})
				rows = append(rows, []string{e.ID, e.Locale, when(e.CreatedAt), e.Name})
				after = e.ID
			}
			if len(all) < listPage {
				return t.table(values, []string{"ID", "LOCALE", "ADDED", "NAME…"}, rows)
			}
		}
	})
}

type employersChangeCommand struct {
	configFlag
	ID     string `arg:"" help:"Id of the employer."`
	Name   string `help:"Another name."`
	Locale string `help:"Another language: fi, sv or en."`
}

// Help is shown by avain admin employers change --help.
func (employersChangeCommand) Help() string {
	return `What is left out stays.

  avain admin employers change 5fPmrVnSIqyO2nBN0fZ1Lw --name "Esimerkki Oyj"`
}

// Run changes the employer.
func (c employersChangeCommand) Run(ctx context.Context, t terminal) error {
	if !slices.Contains([]string{"", "fi", "sv", "en"}, c.Locale) {
		return usageError{errors.New("--locale must be fi, sv or en")}
	}
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		e, err := s.Store.Employments.EmployerByID(ctx, c.ID)
		if err != nil {
			return unknown("employer", err)
		}
		if err := s.Audit.Atomically(ctx, func(ctx context.Context) error {
			s.Audit.EmployerChanged(ctx, audit.System, e.ID)
			return s.Store.Employments.ChangeEmployer(ctx, e.ID, cmp.Or(c.Name, e.Name), cmp.Or(c.Locale, e.Locale), time.Now())
		}); err != nil {
			return unknown("employer", err)
		}
		return t.done(e.ID, "changed")
	})
}
