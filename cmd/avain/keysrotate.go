package main

import (
	"context"
	"errors"

	"avain/internal/app"
	"avain/internal/platform/telemetry"
)

type keysRotateCommand struct {
	configFlag
	Key     string `arg:"" help:"secret, prf or aead; ID/signing, ID/decryption or ID/entity for our keys for the broker ID."`
	Force   *int64 `placeholder:"N" help:"Drop the old key though so much needs it: the number that was told."`
	Abandon bool   `help:"Give the change up, while the new key is not used yet."`

	HandedOver bool `help:"The broker has taken our new entity statement (ID/entity)."`
}

// Help is shown by avain keys rotate --help.
func (keysRotateCommand) Help() string {
	return `Changes a key that lies outside the database, in three steps; each run takes the next one, if it can be taken, and says how far the change has come:

1. A new key is added beside the old one. Copy the file to every node and restart them, one after the other.
2. When every running node has it, it is used. Copy the file and restart again.
3. When every running node uses it, and nothing needs the old key any more, that is dropped.

Nobody is logged out and nothing is lost on the way; it may be interrupted anywhere and run again. What still needs the old key moves on by itself as people log in; avain keys status tells how much is left. --force drops the old key all the same, for one that has leaked. Nobody else may change the file meanwhile. docs/keys.md tells more.

Our keys for a broker wait a day in between, for as long as it may keep what we have published. docs/brokers.md, Changing keys, tells when it must be told.

  avain keys rotate prf
  avain keys rotate prf --force 17
  avain keys rotate telia/signing`
}

// Run takes the next step.
func (c keysRotateCommand) Run(ctx context.Context, t terminal) error {
	if c.Force != nil && c.Abandon {
		return usageError{errors.New("--force goes on and --abandon gives up")}
	}
	loaded, err := c.load(t)
	if err != nil {
		return err
	}
	log, err := telemetry.NewLog(t.err, "warn")
	if err != nil {
		return err
	}
	change, err := app.RotateKey(ctx, loaded, c.Key, app.RotateHow{Force: c.Force, Abandon: c.Abandon, HandedOver: c.HandedOver}, app.Deps{Log: log})
	if errors.Is(err, app.ErrNoSuchKey) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	return t.say(change, "%s", change.Text())
}
