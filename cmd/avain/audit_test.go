package main

import (
	"database/sql"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite" // for somebody who can write the database file
)

// attack runs SQL on a database file, as somebody does who can write it: attack FILE
// STATEMENT…
func attack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: attack file statement…")
	}
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	for _, statement := range args[1:] {
		_, err := db.Exec(statement)
		ts.Check(err)
	}
	ts.Check(db.Close())
}

func TestMoment(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for in, want := range map[string]time.Time{
		"":                     {},
		"2026-11-01":           time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		"2026-11-01T08:30":     time.Date(2026, 11, 1, 8, 30, 0, 0, time.UTC),
		"2026-11-01 08:30":     time.Date(2026, 11, 1, 8, 30, 0, 0, time.UTC),
		"2026-11-01 08:30:15":  time.Date(2026, 11, 1, 8, 30, 15, 0, time.UTC),
		"2026-11-01T08:30:15Z": time.Date(2026, 11, 1, 8, 30, 15, 0, time.UTC),
		"24h":                  now.Add(-24 * time.Hour),
	} {
		if got, err := moment(in, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"yesterday", "-1h", "2026-13-01", "1"} {
		if at, err := moment(in, now); err == nil {
			t.Errorf("%q was read as %v", in, at)
		}
	}
}
