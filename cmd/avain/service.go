package main

import (
	"context"
	"errors"

	"avain/internal/app"
	"avain/internal/config"
	"avain/internal/platform/telemetry"
)

// withService runs a command of an operator on the same wiring as the service, so
// that both agree on what the database means.
func withService(ctx context.Context, t terminal, f configFlag, act func(*app.Service) error) error {
	c, err := f.load(t)
	if err != nil {
		return err
	}
	return onService(ctx, t, c, act)
}

// onService is withService for a command that reads the configuration too.
func onService(ctx context.Context, t terminal, c config.Config, act func(*app.Service) error) (err error) {
	// The output of a command is its result; its log goes aside, and only warnings.
	log, err := telemetry.NewLog(t.err, "warn")
	if err != nil {
		return err
	}
	s, err := app.New(ctx, c, app.Deps{Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return act(s)
}
