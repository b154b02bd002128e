package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

const (
	consoleStaff     = 400 // each may search sixty times at once
	consoleEmployers = 1000
	consoleAudit     = "staff:bench" // does one in ten thousand things in the audit log
)

// idSQL is the id of the row numbered by an expression, the same in all tables and in no
// order; rowID is the same in Go.
func idSQL(n string) string {
	return "printf('%021x', (" + n + " * 2654435761) % 4294967296) || 'A'"
}

func rowID(n int) string { return fmt.Sprintf("%021xA", uint64(n)*2654435761%4294967296) } //nolint:gosec // not negative

// lettersSQL spells a number with letters, and letters does.
func lettersSQL(n string, digits int) string {
	parts := make([]string, digits)
	for i := range parts {
		parts[i] = fmt.Sprintf("substr('aeioukstnl', 1 + (%s / %s) %% 10, 1)", n, "1"+strings.Repeat("0", digits-1-i))
	}
	return strings.Join(parts, " || ")
}

func letters(n, digits int) string {
	out := make([]byte, digits)
	for i := digits - 1; i >= 0; i-- {
		out[i] = "aeioukstnl"[n%10]
		n /= 10
	}
	return string(out)
}

// One person in fifty has the most common name.
const (
	commonGiven, commonFamily = "Anna", "Virtanen"
	commonEvery               = 50
)

func namesOf(n int) (given, family string) {
	if n%commonEvery == 0 {
		return commonGiven, commonFamily
	}
	return "M" + letters(n%997, 3), "Kor" + letters(n/997%1999, 4)
}

// codeSQL is a support code, and codeOf is the same in Go.
const supportLetters = "23456789ACDEFGHJKMNPQRTWXY"

func codeSQL(n string) string {
	var parts []string
	for i, power := range []int{11881376, 456976, 17576, 676, 26, 1} {
		if i == 3 {
			parts = append(parts, "'-'")
		}
		parts = append(parts, fmt.Sprintf("substr('%s', 1 + (%s / %d) %% 26, 1)", supportLetters, n, power))
	}
	return strings.Join(parts, " || ")
}

func codeOf(n int) string {
	out := make([]byte, 6)
	for i := 5; i >= 0; i-- {
		out[i] = supportLetters[n%26]
		n /= 26
	}
	return string(out[:3]) + "-" + string(out[3:])
}

// fillConsole makes a database of so many people, each with an employer, a login and an
// entry in the audit log, and of ninety days of counts. It answers the secrets of the
// staff's sessions.
func (r *rig) fillConsole(ctx context.Context, rows int) (sessions []string, err error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(r.folder, databaseFile)+"?_pragma=synchronous(OFF)&_pragma=cache_size(-1000000)")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	var login, person string
	const finished = `SELECT id, person FROM attempts WHERE state = 'redeemed' ORDER BY created_at LIMIT 1`
	if err := db.QueryRowContext(ctx, finished).Scan(&login, &person); err != nil {
		return nil, err
	}
	id := idSQL("n")
	common := fmt.Sprintf("n %% %d = 0", commonEvery)
	given := "CASE WHEN " + common + " THEN '" + commonGiven + "' ELSE 'M' || " + lettersSQL("(n % 997)", 3) + " END"
	family := "CASE WHEN " + common + " THEN '" + commonFamily + "' ELSE 'Kor' || " + lettersSQL("(n / 997 % 1999)", 4) + " END"
	if err := copyRow(ctx, db, "persons", person, map[string]string{
		"id": id, "same_as": id, "given_name": given, "family_name": family, "name": given + " || ' ' || " + family,
		"email": "'person' || n || '@example.com'",
	}, rows); err != nil {
		return nil, fmt.Errorf("persons: %w", err)
	}
	if err := copyRow(ctx, db, "attempts", login, map[string]string{
		"id": id, "person": id, "session": "''", "support_code": codeSQL("n"),
	}, rows); err != nil {
		return nil, fmt.Errorf("attempts: %w", err)
	}
	now := time.Now()
	for _, statement := range r.consoleRows(rows, now) {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return nil, fmt.Errorf("%.80s: %w", statement, err)
		}
	}
	for n := range consoleStaff {
		session := fmt.Sprintf("%043d", n)
		hash := sha256.Sum256([]byte(session))
		sessions = append(sessions, session)
		for _, statement := range []string{
			`INSERT INTO staff (id, name, role, created_at, disabled_at) VALUES ($1, 'Bench', 'operator', $2, 0)`,
			`INSERT INTO passkeys (id, staff, credential, name, record, created_at, used_at) VALUES ($1, $1, CAST($1 AS BLOB), 'Bench', '{}', $2, 0)`,
			`INSERT INTO staff_sessions (token, staff, passkey, created_at, idle_until, ends_at) VALUES (x'` + hex.EncodeToString(hash[:]) + `', $1, $1, $2, $2 + 36000000, $2 + 36000000)`,
		} {
			if _, err := db.ExecContext(ctx, statement, rowID(n), now.UnixMilli()); err != nil {
				return nil, fmt.Errorf("staff: %w", err)
			}
		}
	}
	_, err = db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return sessions, err
}

// consoleRows are the statements that fill what hangs on persons, and what stands alone.
func (r *rig) consoleRows(rows int, now time.Time) []string {
	ms, hour := now.UnixMilli(), now.Truncate(time.Hour).UnixMilli()
	numbers := func(to int) string {
		return fmt.Sprintf("WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < %d) ", to)
	}
	employer := idSQL(fmt.Sprintf("(n %% %d)", consoleEmployers))
	given, family := "CAST(lower(given_name) AS BLOB)", "CAST(lower(family_name) AS BLOB)"
	statements := []string{
		numbers(consoleEmployers) + `INSERT INTO employers (id, name, locale, created_at, updated_at)
			SELECT ` + idSQL("n") + `, 'Yritys ' || ` + lettersSQL("n", 3) + ` || ' Oy', 'fi', 1, 1 FROM numbers`,
		numbers(consoleEmployers) + `INSERT INTO employer_words (word, employer) SELECT CAST('yritys' AS BLOB), ` + idSQL("n") + ` FROM numbers`,
		numbers(consoleEmployers) + `INSERT OR IGNORE INTO employer_words (word, employer) SELECT CAST(` + lettersSQL("n", 3) + ` AS BLOB), ` + idSQL("n") + ` FROM numbers`,
		numbers(rows) + `INSERT INTO employments (id, employer, person, kind, external_id, user_name, email, given_name, family_name, locale, terms, terms_at, activated_at, ended_at, created_at, updated_at)
			SELECT ` + idSQL("n") + `, ` + employer + `, p.id, 'smartumplus', '', '', p.email, p.given_name, p.family_name, 'fi', '', 0, 1, 0, 1, 1
			FROM numbers JOIN persons p ON p.id = ` + idSQL("n"),
		`UPDATE meta SET value = 'written' WHERE name = 'words'`,
		numbers(rows) + fmt.Sprintf(`INSERT INTO audit (seq, at, actor, action, target, detail, hash)
			SELECT (SELECT COALESCE(MAX(seq), 0) FROM audit) + n + 1, %d - n, CASE WHEN n %% 10000 = 0 THEN '%s' ELSE 'client:smartumpay' END,
			'session.create', 'person:' || %s, 'null', randomblob(32) FROM numbers`, ms, consoleAudit, idSQL("n")),
	}
	for _, table := range []struct{ words, holder, of string }{{"person_words", "person", "persons"}, {"employment_words", "employment", "employments"}} {
		for _, word := range []string{given, family} {
			statements = append(statements, fmt.Sprintf("INSERT OR IGNORE INTO %s (word, %s) SELECT %s, id FROM %s", table.words, table.holder, word, table.of))
		}
	}
	values := map[string]int{
		"all": 1, "method": 4, "means": 12, "broker": 2, "platform": 4, "version": 15, "browser": 30, "browser_version": 60, "reason": 15, "means_reason": 30,
	}
	for dimension, many := range values {
		value := "'value ' || n"
		if dimension == "all" {
			value = "''"
		}
		if dimension == "means" {
			value = "CASE n WHEN 0 THEN 'kuikka' WHEN 1 THEN 'mobile' ELSE 'bank' || n END"
		}
		if strings.HasSuffix(dimension, "reason") {
			value = "CASE n WHEN 0 THEN 'broker_error' ELSE 'reason' || n END"
		}
		statements = append(statements, numbers(many)+fmt.Sprintf(`, hours(h) AS (SELECT 0 UNION ALL SELECT h + 1 FROM hours WHERE h + 1 < 90 * 24)
			INSERT OR IGNORE INTO tallies (dimension, hour, value, ok, gone, failed)
			SELECT '%s', %d - h * 3600000, %s, 90 + n, 5, 5 FROM numbers, hours`, dimension, hour, value))
	}
	return statements
}
