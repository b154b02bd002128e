package main

import (
	"context"
	"errors"

	"avain/internal/config"
	"avain/internal/platform/telemetry"
	"avain/internal/wire"
)

// withService runs a command of an operator on the same wiring as the service, so
// that both agree on what the database means.
func withService(ctx context.Context, t terminal, f configFlag, act func(*wire.Service) error) error {
	c, err := f.load(t)
	if err != nil {
		return err
	}
	return onService(ctx, t, c, act)
}

// onService is withService for a command that reads the configuration too.
func onService(ctx context.Context, t terminal, c config.Config, act func(*wire.Service) error) (err error) {
	// The output of a command is its result; its log goes aside, and only warnings.
	log, err := telemetry.NewLog(t.err, "warn")
	if err != nil {
		return err
	}
	s, err := wire.New(ctx, c, wire.Deps{Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return act(s)
}
