package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"avain/internal/app"
	"avain/internal/platform/telemetry"
)

type keysAcceptCommand struct {
	configFlag
	Replaced bool `help:"Yes, what the other keys have made is lost: see docs/keys.md."`
}

// Help is shown by avain keys accept --help.
func (keysAcceptCommand) Help() string {
	return `The database knows the keys that it is used with (secret, prf.json, aead.json), and nothing runs with others: a node with a wrong key would take known people for strangers. When a key is lost for good or was replaced on purpose, stop every node, give all of them the same keys, and run this once. It is in the audit log.

What is lost: with prf.json everybody is a stranger until they are added anew; with aead.json the keys that sign tokens (delete their rows) and identity codes that are kept; with secret logins that are going on, passwords, pairwise subjects, and the proof of the audit log until now (avain admin audit begin).

  avain keys accept --replaced`
}

// Run takes the keys.
func (c keysAcceptCommand) Run(ctx context.Context, t terminal) error {
	if !c.Replaced {
		return usageError{errors.New("what the other keys have made cannot be read any more; say --replaced when that is what you want")}
	}
	loaded, err := c.load(t)
	if err != nil {
		return err
	}
	log, err := telemetry.NewLog(t.err, "warn")
	if err != nil {
		return err
	}
	taken, err := app.AcceptKeys(ctx, loaded, log)
	if err != nil {
		return err
	}
	said := "these are the keys of this database already; nothing was changed"
	if len(taken) > 0 {
		said = "taken over: " + strings.Join(taken, ", ")
	}
	return t.say(map[string][]string{"taken_over": slices.Concat([]string{}, taken)}, "%s", said)
}
