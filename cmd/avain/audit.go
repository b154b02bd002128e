package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"avain/internal/app"
	"avain/internal/domain/operations"
	"avain/internal/platform/audit"
	"avain/internal/platform/store"
	"avain/internal/platform/telemetry"
)

// withAudit runs a command that only looks at the audit log. Unlike withService it
// starts nothing that could write an entry.
func withAudit(ctx context.Context, t terminal, f configFlag, act func(*store.Store, audit.Chain) error) (err error) {
	c, err := f.load(t)
	if err != nil {
		return err
	}
	log, err := telemetry.NewLog(t.err, "warn")
	if err != nil {
		return err
	}
	db, chain, err := app.OpenAudit(ctx, c, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return act(db, chain)
}

type auditSearchCommand struct {
	configFlag
	Actor  string `placeholder:"WHO" help:"Who did it: system, person:ID, staff:ID, client:ID or key:ID."`
	Action string `placeholder:"WHAT" help:"What was done, such as session.create, or session.* for all that begin so."`
	Target string `placeholder:"WHAT" help:"What it was done to, such as session:ID."`
	Person string `placeholder:"ID" help:"Who did it, whom it was done to, or whom the entry names."`
	Since  string `placeholder:"WHEN" help:"Not before: 2026-11-23, 2026-11-23T08:00 (UTC), or 24h ago."`
	Until  string `placeholder:"WHEN" help:"Before."`
	Limit  int    `default:"100" help:"At most so many."`
}

// Help is shown by avain admin audit search --help.
func (auditSearchCommand) Help() string {
	return `Lists entries of the audit log, the newest first. Entries hold ids and machine words, no names. Times are UTC.

  avain admin audit search --action 'person.*' --since 24h
  avain admin audit search --person 3q2-7wAAAAAAAAAAAAAAAA --json`
}

// entryLine is one entry for programs.
type entryLine struct {
	Seq    int64             `json:"seq,omitempty"` // not there yet in the second before an entry is sealed
	At     time.Time         `json:"at"`
	Actor  string            `json:"actor"`
	Action string            `json:"action"`
	Target string            `json:"target"`
	Detail map[string]string `json:"detail,omitempty"`
}

// Run searches.
func (c auditSearchCommand) Run(ctx context.Context, t terminal) error {
	q := operations.AuditQuery{Actor: c.Actor, Action: c.Action, Target: c.Target, Person: c.Person, Limit: c.Limit}
	var early, late error
	q.Since, early = moment(c.Since, time.Now())
	q.Until, late = moment(c.Until, time.Now())
	if err := errors.Join(early, late); err != nil {
		return usageError{err}
	}
	if c.Limit < 1 {
		return usageError{errors.New("--limit must be at least 1")}
	}
	return withAudit(ctx, t, c.configFlag, func(db *store.Store, _ audit.Chain) error {
		found, _, err := db.Audit.SearchAudit(ctx, q)
		if err != nil {
			return err
		}
		lines, rows := []entryLine{}, [][]string{}
		for _, e := range found {
			lines = append(lines, entryLine{e.Seq, e.At, e.Actor, e.Action, e.Target, e.Detail})
			rows = append(rows, []string{auditNumber(e.Seq), e.At.UTC().Format(time.DateTime), e.Actor, e.Action, e.Target, details(e.Detail)})
		}
		return t.table(lines, []string{"SEQ", "WHEN", "ACTOR", "ACTION", "TARGET", "DETAIL…"}, rows)
	})
}

// auditNumber is that of an entry; it gets one when it is sealed, about a second later.
func auditNumber(seq int64) string {
	if seq == 0 {
		return "–"
	}
	return strconv.FormatInt(seq, 10)
}

func details(all map[string]string) string {
	parts := make([]string, 0, len(all))
	for _, key := range slices.Sorted(maps.Keys(all)) {
		parts = append(parts, key+"="+all[key])
	}
	return strings.Join(parts, " ")
}

// moment reads a day, a minute, an instant (UTC unless it says otherwise), or how long
// ago.
func moment(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04", "2006-01-02 15:04", time.DateTime, time.RFC3339} {
		if at, err := time.Parse(layout, s); err == nil {
			return at, nil
		}
	}
	if ago, err := time.ParseDuration(s); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time; write 2026-11-23, 2026-11-23T08:00 (UTC) or 24h", s)
}

type auditExportCommand struct {
	configFlag
	SinceSeq int64 `placeholder:"SEQ" help:"Only entries after the one with this number."`
}

// Help is shown by avain admin audit export --help.
func (auditExportCommand) Help() string {
	return `Prints the audit log, the oldest entry first, one JSON object per line (with --json as one array), with the hash that chains it. Entries hold no secrets and no names. One is in it as soon as it is sealed, about a second after it was written.

  avain admin audit export > audit.ndjson
  avain admin audit export --since-seq 120345 >> audit.ndjson`
}

// exportLine is one line of the export: the columns as they are.
type exportLine struct {
	Seq    int64           `json:"seq"`
	At     string          `json:"at"`
	Actor  string          `json:"actor"`
	Action string          `json:"action"`
	Target string          `json:"target"`
	Detail json.RawMessage `json:"detail"`
	Hash   string          `json:"hash,omitempty"`   // hexadecimal; none before the chain
	Stream int64           `json:"stream,omitempty"` // the process that wrote it, and the number that it gave
	Num    int64           `json:"num,omitempty"`
}

// exportPage is how many entries are in memory at once.
const exportPage = 1000

// Run exports.
func (c auditExportCommand) Run(ctx context.Context, t terminal) error {
	return withAudit(ctx, t, c.configFlag, func(db *store.Store, _ audit.Chain) error {
		lines := newLineWriter(t)
		for after := c.SinceSeq; ; {
			rows, err := db.Audit.AuditRows(ctx, after, math.MaxInt64, exportPage)
			if err != nil {
				return err
			}
			if len(rows) == 0 {
				return lines.end()
			}
			for _, r := range rows {
				if err := lines.write(exported(r)); err != nil {
					return err
				}
				after = r.Seq
			}
		}
	})
}

func exported(r operations.AuditRow) exportLine {
	line := exportLine{
		Seq: r.Seq, At: time.UnixMilli(r.At).UTC().Format("2006-01-02T15:04:05.000Z07:00"), Actor: r.Actor, Action: r.Action, Target: r.Target,
		Detail: json.RawMessage(r.Detail), Stream: r.Stream, Num: r.Num,
	}
	if !json.Valid(line.Detail) { // somebody has altered it: every line stays JSON all the same
		line.Detail, _ = json.Marshal(r.Detail) // a string: never fails
	}
	if !r.Hash.Zero() {
		line.Hash = fmt.Sprintf("%x", r.Hash[:])
	}
	return line
}

// headOut is the end of the log in JSON.
type headOut struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"` // hexadecimal
}

type auditHeadCommand struct{ configFlag }

// Help is shown by avain admin audit head --help.
func (auditHeadCommand) Help() string {
	return `Prints number and hash of the last entry. Keep it where whoever can write the database cannot: avain admin audit verify --head tells later whether the log is still the one that it was.

  avain admin audit head`
}

// Run prints the head.
func (c auditHeadCommand) Run(ctx context.Context, t terminal) error {
	return withAudit(ctx, t, c.configFlag, func(db *store.Store, _ audit.Chain) error {
		head, err := db.Audit.AuditHead(ctx)
		if err != nil {
			return err
		}
		return t.say(headOut{head.Seq, fmt.Sprintf("%x", head.Hash[:])}, "%s", head)
	})
}
