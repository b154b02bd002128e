package main

import (
	"context"
	"errors"
	"fmt"

	"avain/internal/app"
	"avain/internal/platform/telemetry"
)

type auditBeginCommand struct {
	configFlag
	Anew bool `help:"Yes, the entries that there are become those from before the chain, whatever was done to them."`
}

// Help is shown by avain admin audit begin --help.
func (auditBeginCommand) Help() string {
	return `The chain of the audit log begins once, in avain migrate, and that stands outside the database (keys.audit_begun_file). When it does not fit any more, somebody has changed the database, or it was restored or made anew on purpose. Find out first, keep what there is (avain admin audit export), and stop the service. Then this command takes the entries as they are now for those from before the chain, begins another one after them, and says so in the log. On several nodes, copy the file to the others.

  avain admin audit begin --anew`
}

// Run begins anew.
func (c auditBeginCommand) Run(ctx context.Context, t terminal) error {
	if !c.Anew {
		return usageError{errors.New("nothing is known any more of what was done to the entries until now; say --anew when that is what you want")}
	}
	loaded, err := c.load(t)
	if err != nil {
		return err
	}
	log, err := telemetry.NewLog(t.err, "warn")
	if err != nil {
		return err
	}
	begun, err := app.BeginAuditAnew(ctx, loaded, log)
	if err != nil {
		return err
	}
	return t.say(headOut{begun.Seq, fmt.Sprintf("%x", begun.Hash[:])}, "%d entries are as they were now; the chain begins after them at %s", begun.Seq, begun)
}
