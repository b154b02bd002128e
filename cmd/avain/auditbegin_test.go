package main

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// launder does in a database what somebody can who may write to it and has no key.
func launder(t *testing.T, dir string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "avain.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	rows, err := db.QueryContext(t.Context(), "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'")
	if err != nil {
		t.Fatal(err)
	}
	var guards []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		guards = append(guards, "DROP TRIGGER "+name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, s := range append(guards, statements...) {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// audited is an installation with seven entries in its log: those of a key and six switches.
func audited(t *testing.T) (dir, file string) {
	t.Helper()
	dir, file = installation(t)
	for range 3 {
		command(t, 0, "admin", "methods", "off", "qr", "-c", file)
		command(t, 0, "admin", "methods", "on", "qr", "-c", file)
	}
	if got := command(t, 0, "admin", "audit", "verify", "-c", file); !strings.Contains(got, "each as it was written") {
		t.Fatal(got)
	}
	return dir, file
}

const tampered = "the audit log is not as it was written"

// TestThreat40LaunderedLogIsFoundOut: nothing that can be done inside the database makes a
// changed log begin again as if it were an old one.
func TestThreat40LaunderedLogIsFoundOut(t *testing.T) {
	t.Parallel()
	const change = "UPDATE audit SET actor = 'nobody' WHERE seq = 2"
	for name, statements := range map[string][]string{
		"hashes and head taken away": {change, "UPDATE audit SET hash = NULL", "UPDATE meta SET value = (SELECT MAX(seq) FROM audit) || ':' WHERE name = 'audit_head'"},
		"the head alone":             {change, "UPDATE meta SET value = '7:' WHERE name = 'audit_head'"},
		"no head":                    {change, "DELETE FROM meta WHERE name = 'audit_head'"},
		"back to before the migration": {
			change, "UPDATE audit SET hash = NULL", "UPDATE meta SET value = (SELECT MAX(seq) FROM audit) || ':' WHERE name = 'audit_head'",
			"DELETE FROM goose_db_version WHERE version_id >= 26",
		},
		"as if there had never been a chain": {
			change, "ALTER TABLE audit DROP COLUMN hash",
			"UPDATE meta SET name = 'audit_seq', value = (SELECT MAX(seq) FROM audit) WHERE name = 'audit_head'",
			"DELETE FROM goose_db_version WHERE version_id = 18 OR version_id >= 26",
		},
		"an empty log":      {"DELETE FROM audit", "UPDATE meta SET value = '0:' WHERE name = 'audit_head'"},
		"an empty database": {"DROP TABLE goose_db_version"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, file := audited(t)
			if name == "an empty database" {
				for _, suffix := range []string{"", "-wal", "-shm"} {
					if err := os.Remove(filepath.Join(dir, "avain.db"+suffix)); err != nil && suffix == "" {
						t.Fatal(err)
					}
				}
			} else {
				launder(t, dir, statements...)
			}
			for _, args := range [][]string{{"migrate", "-c", file}, {"admin", "audit", "verify", "-c", file}, {"serve", "-c", file}} {
				command(t, 1, args...)
			}
			if got := command(t, 1, "migrate", "-c", file); !strings.Contains(got, tampered) {
				t.Errorf("migrate again says %s", got)
			}
		})
	}
}

// Hashes that are gone while the head is right are not those of an old log either.
func TestThreat40NoEntryBecomesAnOldOne(t *testing.T) {
	t.Parallel()
	for name, statements := range map[string][]string{
		"all hashes":            {"UPDATE audit SET hash = NULL"},
		"of the first":          {"UPDATE audit SET hash = NULL WHERE seq = 1"},
		"of the first, altered": {"UPDATE audit SET hash = NULL, actor = 'nobody' WHERE seq <= 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, file := audited(t)
			launder(t, dir, statements...)
			if got := command(t, 1, "admin", "audit", "verify", "-c", file); !strings.Contains(got, "the audit log is") {
				t.Errorf("verify says %s", got)
			}
			if got := command(t, 1, "serve", "-c", file); !strings.Contains(got, tampered) {
				t.Errorf("serve says %s", got)
			}
		})
	}
}

// Only the operator begins anew, by a command of its own, and that is in the log.
func TestThreat40OnlyACommandBeginsAnew(t *testing.T) {
	t.Parallel()
	dir, file := audited(t)
	launder(t, dir, "DELETE FROM audit WHERE seq = 3", "UPDATE audit SET hash = NULL", "DELETE FROM meta WHERE name = 'audit_head'")
	command(t, 1, "migrate", "-c", file)
	command(t, 2, "admin", "audit", "begin", "-c", file)
	if got := command(t, 0, "admin", "audit", "begin", "--anew", "-c", file); !strings.Contains(got, "7 entries are as they were now") {
		t.Error(got)
	}
	command(t, 0, "migrate", "-c", file)
	command(t, 0, "admin", "methods", "off", "qr", "-c", file)
	got := command(t, 0, "admin", "audit", "verify", "-c", file)
	if !strings.Contains(got, "(1 to 7, from before the chain, as they were when it began)") {
		t.Error(got)
	}
	if got := command(t, 0, "admin", "audit", "search", "--action", "audit.begin", "-c", file); !strings.Contains(got, "entries_before=7") {
		t.Error(got)
	}
	launder(t, dir, "UPDATE audit SET actor = 'nobody' WHERE seq = 1")
	if got := command(t, 1, "admin", "audit", "verify", "-c", file); !strings.Contains(got, "not those that it began with") {
		t.Error(got)
	}
}

// An installation from before this was written down is as good as one that is new; one
// whose keys cannot be written to is told what to do.
func TestThreat40BeginningIsWrittenDown(t *testing.T) {
	t.Parallel()
	dir, file := audited(t)
	note := filepath.Join(dir, "keys", "audit-begun")
	first, err := os.ReadFile(note)
	if err != nil || !strings.HasPrefix(string(first), "0:") {
		t.Fatalf("%q, %v", first, err)
	}
	if err := os.Remove(note); err != nil {
		t.Fatal(err)
	}
	command(t, 0, "migrate", "-c", file)
	if again, err := os.ReadFile(note); err != nil || !bytes.Equal(again, first) {
		t.Errorf("written anew: %q, %v", again, err)
	}
	for _, damaged := range []string{"", "7\n", "0:" + strings.Repeat("0", 64) + "\n"} {
		if err := os.WriteFile(note, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"migrate", "-c", file}, {"admin", "audit", "verify", "-c", file}, {"serve", "-c", file}} {
			if got := command(t, 1, args...); !strings.Contains(got, "audit") {
				t.Errorf("%q: %s says %s", damaged, args[0], got)
			}
		}
	}

	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(dir, "elsewhere.yaml")
	if err := os.WriteFile(elsewhere, append(text, []byte("\nkeys: {audit_begun_env: BEGUN_IN_TEST}\n")...), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := command(t, 1, "migrate", "-c", elsewhere); !strings.Contains(got, "set the variable of keys.audit_begun_env to "+strings.TrimSpace(string(first))) {
		t.Errorf("migrate says %s", got)
	}
}
