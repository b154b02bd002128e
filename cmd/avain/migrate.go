package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"avain/internal/app"
	"avain/internal/config"
	"avain/internal/platform/store"
	"avain/internal/platform/telemetry"
)

type migrateCommand struct {
	configFlag
	Status bool `help:"Only tell whether the schema fits this program; change nothing."`
}

// Help is shown by avain migrate --help.
func (migrateCommand) Help() string {
	return `Running it again, or on several nodes at once, does no harm. Back the database up before an upgrade: there is no way down.

  avain migrate
  avain migrate --status || avain migrate`
}

// Run migrates, or tells the status.
func (c migrateCommand) Run(ctx context.Context, t terminal) error {
	loaded, err := c.load(t)
	if err != nil {
		return err
	}
	if c.Status {
		return schemaStatus(ctx, t, loaded)
	}
	log, err := telemetry.NewLog(t.err, loaded.Log.Level)
	if err != nil {
		return err
	}
	if err := app.Migrate(ctx, loaded, log); err != nil {
		return err
	}
	return fits(t)
}

// schemaStatus looks without touching: opening a SQLite file that is missing would
// make it.
func schemaStatus(ctx context.Context, t terminal, c config.Config) (err error) {
	if c.Database.Driver == config.SQLite {
		if _, err := os.Stat(c.Database.Path); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s does not exist yet; run avain migrate", c.Database.Path)
		}
	}
	log, err := telemetry.NewLog(t.err, c.Log.Level)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, store.Config{
		Driver: store.Driver(c.Database.Driver), Path: c.Database.Path, DSN: c.Database.Connection, Conns: 1, Now: time.Now, Log: log,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.CheckSchema(ctx); err != nil {
		return err
	}
	return fits(t)
}

func fits(t terminal) error {
	return t.say(map[string]bool{"fits": true}, "the database fits this program")
}
