package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"avain/internal/app"
	"avain/internal/core/notices"
	"avain/internal/domain/fault"
	"avain/internal/domain/operations"
	"avain/internal/platform/audit"
)

type noticesListCommand struct {
	configFlag
	All bool `help:"Also those that are over."`
}

// Help is shown by avain admin notices list --help.
func (noticesListCommand) Help() string {
	return `Lists what people are told now or will be told, the newest first. Times are UTC.

  avain admin notices list
  avain admin notices list --all --json`
}

// Run lists.
func (c noticesListCommand) Run(ctx context.Context, t terminal) error {
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		all, err := s.Notices.All(ctx)
		if err != nil {
			return err
		}
		if !c.All {
			all = slices.DeleteFunc(all, func(n operations.Notice) bool {
				state := notices.State(n, time.Now())
				return state == "over" || state == "withdrawn"
			})
		}
		return printNotices(t, all)
	})
}

// noticeRow is a notice in JSON.
type noticeRow struct {
	ID          string                            `json:"id"`
	State       string                            `json:"state"`
	Severity    operations.Severity               `json:"severity"`
	Words       map[string]operations.NoticeWords `json:"words"`
	From        time.Time                         `json:"from"`
	Until       time.Time                         `json:"until,omitzero"`
	Audience    operations.Audience               `json:"audience,omitzero"`
	Act         operations.Act                    `json:"act,omitzero"`
	About       string                            `json:"about"`
	Source      string                            `json:"source,omitempty"`
	By          string                            `json:"by"`
	ChangedAt   time.Time                         `json:"changed_at"`
	WithdrawnAt time.Time                         `json:"withdrawn_at,omitzero"`
}

func printNotices(t terminal, all []operations.Notice) error {
	values, rows := []noticeRow{}, [][]string{}
	for _, n := range all {
		state, about := notices.State(n, time.Now()), describe(n)
		values = append(values, noticeRow{
			n.ID, state, n.Severity, n.Words, n.From, n.Until, n.Audience, n.Act, about, n.Source, n.By, n.ChangedAt, n.WithdrawnAt,
		})
		rows = append(rows, []string{n.ID, state, string(n.Severity), when(n.From), when(n.Ended()), n.In("en").Title, about})
	}
	return t.table(values, []string{"ID", "STATE", "SEVERITY", "FROM", "UNTIL", "TITLE…", "ABOUT…"}, rows)
}

func describe(n operations.Notice) string {
	return notices.Describe(n, "en", func(id string) string { return id })
}

type noticesPublishCommand struct {
	configFlag
	noticeFlags
}

// Help is shown by avain admin notices publish --help.
func (noticesPublishCommand) Help() string {
	return `Tells people something, from flags or from a file (YAML or JSON, as in docs/admin-api.md). Every node shows it within 10 seconds, apps within a minute. Look first who will see it: avain admin notices preview takes the same flags.

  avain admin notices publish --severity warning --title-fi "Opera estää kirjautumisen" --text-fi "Kirjaudu kirjautumislinkillä." --platform android --browser Opera --first link
  avain admin notices publish --title-fi "Huolto" --text-fi "Klo 18 asti." --means nordea --until 2026-05-31T18:00:00+03:00
  avain admin notices publish --file notice.yaml
  avain admin notices publish --file - < notice.json`
}

// Run publishes.
func (c noticesPublishCommand) Run(ctx context.Context, t terminal) error {
	n, err := c.notice(t)
	if err != nil {
		return err
	}
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		made, err := s.Notices.Publish(ctx, audit.System, n)
		if err != nil {
			return inWords(err)
		}
		return printNotices(t, []operations.Notice{made})
	})
}

type noticesPreviewCommand struct {
	configFlag
	noticeFlags
}

// Help is shown by avain admin notices preview --help.
func (noticesPreviewCommand) Help() string {
	return `Checks a notice and tells who would see it, on devices as people have them. Publishes nothing. Takes the flags of avain admin notices publish.

  avain admin notices preview --title-fi "Opera" --text-fi "…" --platform android --browser "Opera -70"
  avain admin notices preview --file notice.yaml --json`
}

// Run previews.
func (c noticesPreviewCommand) Run(ctx context.Context, t terminal) error {
	n, err := c.notice(t)
	if err != nil {
		return err
	}
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		n, err := s.Notices.Check(ctx, n)
		if err != nil {
			return inWords(err)
		}
		type device struct {
			Device    string `json:"device"`
			Concerned bool   `json:"concerned"`
		}
		value := struct {
			About   string   `json:"about"`
			Devices []device `json:"devices"`
		}{About: describe(n)}
		rows := [][]string{}
		for _, seen := range notices.Preview(n.Audience) {
			value.Devices = append(value.Devices, device(seen))
			rows = append(rows, []string{map[bool]string{true: "yes", false: "-"}[seen.Concerned], seen.Device})
		}
		if !t.json {
			if _, err := fmt.Fprintln(t.out, value.About); err != nil {
				return err
			}
		}
		return t.table(value, []string{"SEES IT", "DEVICE…"}, rows)
	})
}

type noticesWithdrawCommand struct {
	configFlag
	ID string `arg:"" help:"Id of the notice."`
}

// Help is shown by avain admin notices withdraw --help.
func (noticesWithdrawCommand) Help() string {
	return `Ends a notice now, and what it does. It stays among the news as one that is over. What the service says by itself is silenced until its cause is over.

  avain admin notices withdraw 5fPmrVnSIqyO2nBN0fZ1Lw`
}

// Run withdraws.
func (c noticesWithdrawCommand) Run(ctx context.Context, t terminal) error {
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		err := s.Notices.Withdraw(ctx, audit.System, c.ID)
		if errors.Is(err, fault.ErrMoved) {
			return errors.New("the notice is withdrawn already")
		}
		if err != nil {
			return unknown("notice", err)
		}
		return t.done(c.ID, "withdrawn")
	})
}

// inWords makes the caller's mistakes theirs.
func inWords(err error) error {
	if mistakes, ok := errors.AsType[fault.FieldErrors](err); ok {
		return usageError{mistakes}
	}
	return err
}
