package store

import (
	"database/sql"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"avain/internal/platform/store/pgtest"
	"avain/internal/secret"
)

// both opens and migrates one store of each kind.
func both(t *testing.T) map[Driver]*Store {
	t.Helper()
	stores := map[Driver]*Store{}
	for _, config := range []Config{
		{Driver: SQLite, Path: filepath.Join(t.TempDir(), "x.db")},
		{Driver: Postgres, DSN: secret.Of(pgtest.Database(t))},
	} {
		config.Log = slog.New(slog.DiscardHandler)
		s, err := Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		stores[config.Driver] = s
	}
	return stores
}

// raw opens a connection below the store.
func raw(t *testing.T, s *Store) *sql.DB {
	t.Helper()
	db, err := s.db.bare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// lines runs a query and joins the columns of each row.
func lines(t *testing.T, db *sql.DB, columns int, query string, args ...any) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		fields, dest := make([]string, columns), make([]any, columns)
		for i := range fields {
			dest[i] = &fields[i]
		}
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		out = append(out, strings.Join(fields, " "))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// describe lists tables with columns and keys, and indexes, in the same words for
// both databases.
func describe(t *testing.T, s *Store, driver Driver) []string {
	t.Helper()
	queries := map[Driver][]string{
		SQLite: {
			`SELECT 'column', m.name, c.name, LOWER(c.type), CASE c."notnull" WHEN 1 THEN 'not null' ELSE 'null' END
				FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'`,
			`SELECT 'index', m.name, i.name || CASE i."unique" WHEN 1 THEN ' unique' ELSE '' END || CASE i.partial WHEN 1 THEN ' partial' ELSE '' END,
				i.origin, COALESCE((SELECT GROUP_CONCAT(name) FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)), '')
				FROM sqlite_master m, pragma_index_list(m.name) i WHERE m.type = 'table'`,
			`SELECT 'reference', m.name, f."from", f."table" || '.' || f."to", LOWER(f.on_delete)
				FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`,
		},
		Postgres: {
			`SELECT 'column', table_name, column_name, data_type, CASE is_nullable WHEN 'NO' THEN 'not null' ELSE 'null' END
				FROM information_schema.columns WHERE table_schema = 'public'`,
			`SELECT 'index', t.relname, i.relname || CASE WHEN x.indisunique THEN ' unique' ELSE '' END || CASE WHEN x.indpred IS NOT NULL THEN ' partial' ELSE '' END,
				CASE WHEN x.indisprimary THEN 'pk' ELSE 'c' END,
				COALESCE((SELECT string_agg(a.attname, ',' ORDER BY k.n) FROM unnest(x.indkey) WITH ORDINALITY k(attnum, n)
					JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum), '')
				FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
				WHERE t.relnamespace = 'public'::regnamespace`,
			`SELECT 'reference', c.conrelid::regclass::text, a.attname, c.confrelid::regclass::text || '.' || b.attname,
				CASE c.confdeltype WHEN 'c' THEN 'cascade' ELSE 'no action' END
				FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
				JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1] WHERE c.contype = 'f'`,
		},
	}[driver]
	db := raw(t, s)
	var out []string
	for _, query := range queries {
		for _, line := range lines(t, db, 5, query) {
			if words := strings.Fields(line); !strings.HasPrefix(words[1], "sqlite_") && !strings.HasPrefix(words[1], "goose_") {
				out = append(out, normal(line, words))
			}
		}
	}
	slices.Sort(out)
	return out
}

// normal gives the automatic index of a primary key one name.
func normal(line string, words []string) string {
	if words[0] == "index" && slices.Contains(words, "pk") {
		return fmt.Sprint("index ", words[1], " primary key ", words[len(words)-1])
	}
	return line
}

func TestSchemasAreTheSame(t *testing.T) {
	t.Parallel()
	found := map[Driver][]string{}
	for driver, s := range both(t) {
		found[driver] = describe(t, s, driver)
	}
	for _, pair := range [][2]Driver{{SQLite, Postgres}, {Postgres, SQLite}} {
		for _, line := range found[pair[0]] {
			if !slices.Contains(found[pair[1]], line) {
				t.Errorf("only %s has: %s", pair[0], line)
			}
		}
	}
	if n := len(found[SQLite]); n < 100 {
		t.Errorf("only %d lines compared: the comparison is broken", n)
	}
}

func TestAuditCannotBeRewritten(t *testing.T) {
	t.Parallel()
	for driver, s := range both(t) {
		db := raw(t, s)
		if _, err := db.ExecContext(t.Context(), "INSERT INTO audit VALUES (1, 1, 'a', 'b', 'c', 'null', CAST('x' AS BYTEA), 1, 1)"); err != nil {
			t.Fatal(err)
		}
		attacks := map[Driver][]string{
			SQLite:   {"UPDATE audit SET actor = 'x'", "DELETE FROM audit", "INSERT OR REPLACE INTO audit VALUES (1, 1, 'x', 'b', 'c', 'null', CAST('x' AS BLOB), 1, 1)"},
			Postgres: {"UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit", "INSERT INTO audit VALUES (1, 1, 'x', 'b', 'c', 'null', CAST('x' AS BYTEA), 1, 1) ON CONFLICT (seq) DO UPDATE SET actor = 'x'"},
		}[driver]
		for _, attack := range attacks {
			if _, err := db.ExecContext(t.Context(), attack); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %s: %v", driver, attack, err)
			}
		}
		if got := lines(t, db, 2, "SELECT seq, actor FROM audit"); !slices.Equal(got, []string{"1 a"}) {
			t.Errorf("%s: %v", driver, got)
		}
	}
}

// Nothing that a login waits for may read a whole table.
func TestHotQueriesUseIndexes(t *testing.T) {
	t.Parallel()
	hot := map[string]string{
		"attempt by id": attemptByIDSQL, "attempt by support code": attemptBySupportCodeSQL, "attempt by request_uri": attemptByRequestURISQL,
		"attempt by auth_session": attemptByAuthSessionSQL, "attempt by link": attemptByLinkSQL, "attempt by code": attemptByCodeSQL,
		"move": moveSQL, "redeem": redeemSQL, "has code": hasCodeSQL, "note": noteAttemptSQL, "standings": standingsSQL, "moved since": movedSinceSQL, "running": countRunningSQL,
		"leg": brokerRequestByStateSQL, "take leg": claimBrokerRequestSQL, "finish leg": endBrokerRequestSQL, "finish leg of": endBrokerRequestOfSQL, "trim legs": trimBrokerRequestsSQL,
		"session": sessionByIDSQL, "session by refresh": sessionByRefreshSQL, "sessions of person": sessionsOfPersonSQL,
		"use session": useSessionSQL, "rotate": rotateRefreshSQL, "revoke": revokeSessionSQL, "revoke all": revokeSessionsOfPersonSQL,
		"person": personByIDSQL, "person by subject": personBySubjectSQL, "person by lookup": personByLookupSQL, "benefits": activeBenefitsSQL,
		"name person": namePersonSQL, "rekey person": rekeyPersonSQL,
		"due kinds": dueKindsSQL(3), "claim jobs": claimJobsSQL, "finish job": finishJobSQL, "retry job": retryJobSQL,
		"dead jobs": deadJobsSQL, "revive jobs": reviveJobsSQL, "purge jobs": purgeJobsSQL,
		"lock person": lockPersonSQL, "employment": employmentByIDSQL, "employment of": employmentOfSQL, "change record": lockRecordSQL, "list employments": listEmploymentsSQL + inOrderSQL,
		"by address": listEmploymentsSQL + addressIsSQL("$4") + inOrderSQL, "by user name": listEmploymentsSQL + userNameIsSQL("$4", "$5") + inOrderSQL, "change employment": changeEmploymentSQL,
		"employments of person": employmentsOfPersonSQL, "invited": invitedByLookupSQL, "employer": employerByIDSQL,
		"invitation": invitationByIDSQL, "invitation by token": invitationByTokenSQL, "invitations of": invitationsOfSQL, "reminders": dueRemindersSQL,
		"human": humanSQL, "lock human": lockHumanSQL, "human by lookup": humanByLookupSQL, "join": joinSQL,
		"credential": credentialByIDSQL, "credential by user name": credentialByUserNameSQL, "credential by e-mail": credentialByEmailSQL, "reset": resetSQL,
		"feedback": feedbackCountsSQL, "comments": feedbackCommentsSQL, "purge comments": purgeCommentsSQL,
		"audit head": auditHeadSQL, "sealed": sealedSQL, "wait for sealing": waitSQL, "unsealed of stream": unsealedOfStreamSQL, "audit rows": auditRowsSQL, "next audit": auditNextSQL,
		"record ids": recordIDsSQL, "employments with person": employmentsWithPersonSQL, "employments with code": employmentsWithCodeSQL,
		"person of record": personOfRecordSQL, "invitations with": invitationsWithSQL, "credentials with": credentialsWithSQL,
		"sessions with": sessionsWithSQL, "attempts with": attemptsWithSQL, "lock records": lockRecordsSQL, "forget": forgetPersonSQL,
		"forgettable": forgettableSQL, "page to forget": forgetPageSQL, "purge resets": purgeResetsSQL, "purge invitations": purgeInvitationsSQL,
		"purge employments": purgeEmploymentsSQL, "purge imports": purgeImportsSQL, "purge answers": purgeAnswersSQL,
		"purge QR pages": purgeQRPagesSQL, "purge budgets": purgeBudgetsSQL, "give back": repaySQL,
		"named": credentialByUserNameSQL, "named by e-mail": credentialByEmailSQL, "password costs": passwordCostsSQL,
		"recognised": recognisedSQL, "end outgrown": endOutgrownSQL, "purge recognised": purgeRecognisedSQL,
		"add wrong tries": addWrongTriesSQL, "wrong tries of": wrongTriesOfSQL, "purge wrong tries": purgeWrongTriesSQL, "drop wrong tries": dropWrongTriesSQL,
		"expire": expireAttemptsSQL, "purge unopened": purgeUnopenedSQL, "purge undeparted": purgeUndepartedSQL, "thin": purgeFruitlessSQL, "purge attempts": purgeAttemptsSQL, "purge legs": purgeBrokerRequestsSQL,
		"tallies": talliesSQL, "purge tallies": purgeTalliesSQL, "end alert": endAlertSQL, "purge alerts": purgeAlertsSQL,
		"notice": noticeByIDSQL, "last notice of": lastOfSQL, "change notice": changeNoticeSQL, "withdraw notice": withdrawNoticeSQL, "keep notice": keepNoticeSQL,
		"purge marks": purgeMarksSQL, "purge ended": purgeEndedSessionsSQL, "purge revoked": purgeRevokedSessionsSQL,
	}
	for _, t := range []wordTable{personWords, employmentWords, employerWords} {
		hot["begin "+t.words], hot["search "+t.words], hot["drop "+t.words], hot["words in "+t.words] = t.beginSQL(), t.searchSQL(3), t.dropSQL(), t.wordsSQL()
	}
	maps.Copy(hot, map[string]string{
		"staff by session": staffBySessionSQL, "use staff session": useStaffSessionSQL, "end staff session": dropStaffSessionSQL, "end staff sessions": dropStaffSessionsSQL,
		"passkey": passkeyByCredentialSQL, "passkeys": passkeysOfStaffSQL, "staff": staffByIDSQL, "staff invitation": staffInvitationSQL,
		"purge staff invitations": purgeInvitedStaffSQL, "purge staff sessions": purgeStaffSessionsSQL,
		"persons by e-mail": personsWithEmailSQL, "records by e-mail": recordsWithEmailSQL, "holders of a name": holdersOfNameSQL,
		"attempts of person": attemptsOfPersonSQL, "credentials of person": credentialsOfPersonSQL, "acts on": actsOnSQL,
	})
	for _, h := range holdings() {
		if h.table == "audit_unsealed" { // what was written in the last second
			continue
		}
		hot["personal data in "+h.table] = h.query(h.by)
	}
	hot["what a person did"] = holding{table: "audit", shown: "seq"}.query("actor")
	for driver, s := range both(t) {
		explain := map[Driver]func(*testing.T, *sql.DB, string) []string{SQLite: explainSQLite, Postgres: explainPostgres}[driver]
		db := raw(t, s)
		db.SetMaxOpenConns(1) // explainPostgres sets something on the connection
		for _, name := range slices.Sorted(maps.Keys(hot)) {
			plan := explain(t, db, hot[name])
			searches := 0
			for _, step := range plan {
				switch {
				case strings.Contains(step, "Index Cond:"), strings.HasPrefix(step, "SEARCH"), strings.Contains(step, "attempts_running"):
					searches++
				case step == "SCAN CONSTANT ROW": // SELECT without FROM
				case strings.Contains(step, "Seq Scan"), strings.HasPrefix(step, "SCAN"):
					t.Errorf("%s: %s reads everything: %s", driver, name, step)
				}
			}
			if searches == 0 {
				t.Errorf("%s: %s searches nothing:\n%s", driver, name, strings.Join(plan, "\n"))
			}
		}
	}
}

func explainSQLite(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, nulls(query)...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	return steps
}

// explainPostgres asks for the generic plan, with sequential scans made so dear that
// the planner takes one only where no index can serve.
func explainPostgres(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	n := len(nulls(query))
	for _, statement := range []string{
		"SET enable_seqscan = off", "SET plan_cache_mode = force_generic_plan", "PREPARE hot AS " + query,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	execute := "EXPLAIN EXECUTE hot"
	if n > 0 {
		execute += "(" + strings.TrimSuffix(strings.Repeat("NULL,", n), ",") + ")"
	}
	plan := lines(t, db, 1, execute)
	if _, err := db.ExecContext(t.Context(), "DEALLOCATE hot"); err != nil {
		t.Fatal(err)
	}
	return plan
}

// nulls are arguments for every parameter of the query.
func nulls(query string) []any {
	n := 0
	for strings.Contains(query, fmt.Sprintf("$%d", n+1)) {
		n++
	}
	return make([]any, n)
}
