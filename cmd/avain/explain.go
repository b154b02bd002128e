package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"avain/internal/login"
	"avain/internal/wire"
)

type explainCommand struct {
	configFlag
	Code string `arg:"" help:"Support code such as K7Q-4TM, as the person reads it out."`
}

// Help is shown by avain explain --help.
func (explainCommand) Help() string {
	return `Prints the timeline of one login: what happened, when, in which browser, and why it stopped. It shows no names, no identity codes and no secrets. Times are UTC.

  avain explain K7Q-4TM`
}

// Run explains.
func (c explainCommand) Run(ctx context.Context, t terminal) error {
	code, ok := login.ParseSupportCode(c.Code)
	if !ok {
		return usageError{errors.New("that is not a support code; it has six letters and digits, such as K7Q-4TM")}
	}
	return withService(ctx, t, c.configFlag, func(s *wire.Service) error {
		a, err := s.Store.AttemptBySupportCode(ctx, code)
		if errors.Is(err, login.ErrNotFound) {
			return fmt.Errorf("no login has the support code %s; it may be older than retention.attempts", code)
		}
		if err != nil {
			return err
		}
		return printAttempt(t.out, a)
	})
}

func printAttempt(out io.Writer, a login.Attempt) error {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-10s %s\n", name, value)
		}
	}
	line("code", a.SupportCode)
	line("login", string(a.Method)+" of "+a.Client)
	line("state", words(string(a.State), string(a.Reason)))
	line("means", words(a.Means, a.Broker))
	line("device", words(a.Device.Platform, a.Device.Model, a.Device.AppVersion))
	line("started", a.CreatedAt.UTC().Format(time.DateTime))
	b.WriteByte('\n')
	for _, e := range a.Timeline {
		text := fmt.Sprintf("%s  %-9s %-8s %s", e.At.UTC().Format("15:04:05.000"), e.Step, e.Outcome,
			words(string(e.Reason), e.Detail, e.Means, e.Broker, e.Browser))
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// words joins those that are there. What a device says about itself comes from
// outside: control characters must not reach the operator's terminal.
func words(all ...string) string {
	var kept []string
	for _, word := range all {
		word = strings.Map(func(r rune) rune {
			if r < ' ' || r >= 0x7f && r < 0xa0 {
				return -1
			}
			return r
		}, word)
		if word != "" {
			kept = append(kept, word)
		}
	}
	return strings.Join(kept, ", ")
}
