package main

import (
	"context"
	"errors"
	"fmt"

	"avain/internal/domain/operations"
	"avain/internal/platform/audit"
	"avain/internal/platform/store"
)

type auditVerifyCommand struct {
	configFlag
	Head string `placeholder:"SEQ:HASH" help:"What avain admin audit head has printed at an earlier time."`
}

// Help is shown by avain admin audit verify --help.
func (auditVerifyCommand) Help() string {
	return `Walks through the audit log and tells the first entry that is not as it was written. Exit code 0: all are; 1: one is not.

Whoever can write the database but has not the installation's secret cannot alter, remove, swap or add an entry without being found. Two things need a head that was kept elsewhere: that the last entries were removed together with the head in the database, and that somebody who has the secret too has written another log.

  avain admin audit verify
  avain admin audit verify --head 120345:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08`
}

// Run verifies.
func (c auditVerifyCommand) Run(ctx context.Context, t terminal) error {
	var known operations.AuditHead
	if c.Head != "" {
		var ok bool
		// A hash of noughts would ask for nothing, and everything would be whole.
		if known, ok = operations.ParseAuditHead(c.Head); !ok || known.Hash.Zero() {
			return usageError{errors.New("--head must be a number, a colon and 64 hexadecimal digits, as avain admin audit head prints it")}
		}
	}
	return withAudit(ctx, t, c.configFlag, func(db *store.Store, chain audit.Chain) error {
		progress, done := progressOn(t.err, "entries")
		v, err := chain.Verify(ctx, db.Audit, known, progress)
		done()
		if err != nil {
			return err
		}
		return verdict(t, v)
	})
}

// verdictOut is a verdict in JSON.
type verdictOut struct {
	Whole   bool     `json:"whole"`
	Entries int64    `json:"entries"` // that were read
	Before  int64    `json:"before"`  // of them, from before the chain
	Head    *headOut `json:"head,omitempty"`
	Break   string   `json:"break,omitempty"` // what was found first
}

// verdict prints what was found. Programs get it also when the log is broken.
func verdict(t terminal, v audit.Verdict) error {
	out := verdictOut{Whole: v.Break == nil, Entries: v.Entries, Before: v.Before}
	if v.Break == nil {
		out.Head = &headOut{v.Head.Seq, fmt.Sprintf("%x", v.Head.Hash[:])}
		return t.say(out, "%s\nhead %s", whole(v), v.Head)
	}
	err := broken(v)
	if out.Break = err.Error(); t.json {
		err = errors.Join(err, printJSON(t.out, out))
	}
	return err
}

func whole(v audit.Verdict) string {
	text := count(int(v.Entries), "entry", "entries") + ", each as it was written"
	if v.Before > 0 {
		text += fmt.Sprintf(" (1 to %d, from before the chain, as they were when it began)", v.Before)
	}
	if v.Unsealed > 0 {
		text += "\n" + count(int(v.Unsealed), "entry", "entries") + " not sealed yet, as written"
	}
	if v.Pending > 0 {
		text += "\n" + count(int(v.Pending), "number", "numbers") + " of a process that may still write without an entry so far"
	}
	return text
}

// broken says what was found, as an error: the exit code is part of the answer.
func broken(v audit.Verdict) error {
	b := v.Break
	entry := fmt.Sprintf("entry %d", b.Seq)
	if b.Through > b.Seq {
		entry = fmt.Sprintf("entries %d to %d", b.Seq, b.Through)
	}
	if b.Seq == 0 && b.Stream != 0 {
		entry = fmt.Sprintf("entry %d of stream %d, which is not sealed", b.Num, b.Stream)
	}
	what := map[audit.Fault]string{
		audit.Altered:   entry + ": altered; not as written",
		audit.Removed:   entry + ": removed",
		audit.Inserted:  entry + ": inserted; not written by the service",
		audit.Reordered: entry + ": reordered; written under another number",
		audit.Cut:       entry + ": cut off the end",
		audit.Beginning: fmt.Sprintf("the entries from before the chain (%s) are not those that it began with", entry),
		audit.WrongHead: fmt.Sprintf("the head in the database (%s) is not that of the entries", entry),
		audit.Rewritten: fmt.Sprintf("%s is not the one that the given head is of: the log was rewritten", entry),
		audit.Missing:   entry + " says which ones were removed before they were sealed: avain admin audit search --action audit.missing",
	}[b.Fault]
	if b.Fault == audit.Altered && b.Through > b.Seq {
		what = entry + ": one of them altered; not as written"
	}
	return fmt.Errorf("the audit log is broken: %s (%d entries before are as they were written)", what, min(v.Entries, max(b.Seq-1, 0)))
}
