package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"avain/internal/app"
	"avain/internal/platform/telemetry"
)

type keysStatusCommand struct {
	configFlag
}

// Help is shown by avain keys status --help.
func (keysStatusCommand) Help() string {
	return `Tells of the keys outside the database (secret, prf.json, aead.json) whether they are those that it is used with, and of those that sign tokens what they do: waits, signs, retired, or damaged. Exit code 1 when one is wrong or damaged. What runs out of the brokers' keys and certificates, avain check-config tells.

  avain keys status
  avain keys status --json`
}

// Run tells.
func (c keysStatusCommand) Run(ctx context.Context, t terminal) error {
	loaded, err := c.load(t)
	if err != nil {
		return err
	}
	log, err := telemetry.NewLog(t.err, "warn")
	if err != nil {
		return err
	}
	all, err := app.KeyStatuses(ctx, loaded, log, time.Now())
	if err != nil {
		return err
	}
	rows, bad := [][]string{}, 0
	for _, k := range all {
		rows = append(rows, []string{k.Key, k.State, k.Detail})
		if slices.Contains([]string{app.KeyWrong, app.KeyLate, app.KeyDamaged}, k.State) {
			bad++
		}
	}
	if err := t.table(all, []string{"KEY", "STATE", "DETAIL…"}, rows); err != nil || bad == 0 {
		return err
	}
	return fmt.Errorf("%s cannot be used; read docs/keys.md", count(bad, "key", "keys"))
}
