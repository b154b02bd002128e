package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

// smallScale is how many people and logins the small database holds.
const smallScale = 1000

// measureScale times the steps over a database of a thousand people, logins and
// sessions, and over one of a million, in turns: what else the machine does meets both.
// It begins with new databases, so it comes last.
func measureScale(ctx context.Context, r *rig) ([]figure, error) {
	sizes := []struct {
		name string
		rows int
	}{{"small", smallScale}, {"large", r.options.Scale}}
	times := map[string]stepTimes{}
	for _, s := range sizes {
		times[s.name] = stepTimes{map[string][]float64{}, map[string][]float64{}}
		if err := r.build(ctx, s.name, s.rows); err != nil {
			return nil, err
		}
	}
	for range r.options.Runs {
		for _, s := range sizes {
			took, err := r.timeOver(ctx, s.name)
			if err != nil {
				return nil, err
			}
			times[s.name].add(took)
		}
	}
	figures := []figure{of("scale_rows", "rows", []float64{float64(r.options.Scale)})}
	for _, step := range stepNames {
		small, large := times["small"], times["large"]
		middles := of("", "", large.median[step]).Value / of("", "", small.median[step]).Value
		slowest := of("", "", large.slowest[step]).Value / of("", "", small.slowest[step]).Value
		figures = append(figures,
			of("scale_"+step+"_p99_small", "ms", small.slowest[step]), of("scale_"+step+"_p99_large", "ms", large.slowest[step]),
			of("scale_"+step+"_p50_ratio", "times", []float64{middles}),
			of("scale_"+step+"_p99_ratio", "times", []float64{slowest}).against(below(1.3)))
	}
	return figures, nil
}

// build makes a database of so many rows, and puts it aside under its name.
func (r *rig) build(ctx context.Context, name string, rows int) error {
	if r.serving != nil {
		if err := r.stop(); err != nil {
			return err
		}
	}
	if err := r.newDatabase(ctx); err != nil {
		return err
	}
	if err := r.oneLogin(ctx); err != nil {
		return err
	}
	progress("  filling up to %d people, logins and sessions", rows)
	began := time.Now()
	if err := r.fill(ctx, rows); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	// Gigabytes that the kernel has yet to write would make every commit of the run wait.
	syscall.Sync()
	progress("  filled in %.0f s", time.Since(began).Seconds())
	return r.move(databaseFile, name+".db")
}

// timeOver makes a run over one of the databases, after some seconds of the same that
// fill the caches.
func (r *rig) timeOver(ctx context.Context, name string) (took map[string][]float64, err error) {
	if err := r.move(name+".db", databaseFile); err != nil {
		return nil, err
	}
	if err := r.ensure(ctx); err != nil {
		return nil, err
	}
	for _, length := range []time.Duration{min(r.options.Duration, 3*time.Second), r.options.Duration} {
		if took, err = r.timeSteps(ctx, length); err != nil {
			return nil, err
		}
	}
	if err := r.stop(); err != nil {
		return nil, err
	}
	return took, r.move(databaseFile, name+".db")
}

// filesOf are the files of a database: with its write-ahead log, and the note that its
// audit log has begun, which stands beside the keys.
func (r *rig) filesOf(database string) []string {
	note := filepath.Join(r.folder, "keys", "audit-begun")
	if database != databaseFile {
		note += "." + database
	}
	base := filepath.Join(r.folder, database)
	return []string{base, base + "-wal", base + "-shm", note}
}

// move renames a database.
func (r *rig) move(from, to string) error {
	for i, file := range r.filesOf(from) {
		err := os.Rename(file, r.filesOf(to)[i])
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

const databaseFile = "avain.db"

// newDatabase begins again with an empty one.
func (r *rig) newDatabase(ctx context.Context) error {
	for _, file := range r.filesOf(databaseFile) {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	for _, args := range [][]string{{"migrate"}, {"admin", "people", "add", "people.ndjson"}} {
		if err := r.command(ctx, r.avain, args...); err != nil {
			return err
		}
	}
	return nil
}

// oneLogin makes the rows that fill copies.
func (r *rig) oneLogin(ctx context.Context) error {
	if err := r.ensure(ctx); err != nil {
		return err
	}
	phones := r.phones()
	app, err := phones.app()
	if err != nil {
		return err
	}
	if _, err = phones.logIn(ctx, app); err != nil {
		return err
	}
	return r.stop()
}

// fill copies one finished login, with its person and session, until there are so many
// of each: every copy has ids and secrets of its own, and its times lie somewhere in the
// last eighty days. What makes look-ups slow is how many rows and index entries there
// are, and that they are where chance has put them.
func (r *rig) fill(ctx context.Context, to int) (err error) {
	// A crash while filling costs a run of the benchmark, so nothing waits for the disk.
	name := "file:" + filepath.Join(r.folder, databaseFile) + "?_pragma=synchronous(OFF)&_pragma=cache_size(-1000000)"
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	var login, session, person string
	const finished = `SELECT a.id, a.session, a.person FROM attempts a WHERE a.state = 'redeemed' ORDER BY a.created_at LIMIT 1`
	if err := db.QueryRowContext(ctx, finished).Scan(&login, &session, &person); err != nil {
		return err
	}
	for _, copies := range []struct{ table, of, own string }{
		{"persons", person, "id,same_as"}, {"sessions", session, "id,person"}, {"attempts", login, "id,person,session"},
	} {
		if err := copyRow(ctx, db, copies.table, copies.of, named(strings.Split(copies.own, ",")), to); err != nil {
			return fmt.Errorf("%s: %w", copies.table, err)
		}
	}
	_, err = db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

// named gives columns the copy's own name, in no order and the same in all tables.
func named(columns []string) map[string]string {
	own := map[string]string{}
	for _, c := range columns {
		own[c] = "printf('copy-%016x', (n * 2654435761) % 4294967296)"
	}
	return own
}

// copyRow copies a row so often. The indexes are built afterwards, which takes a
// fraction of the time; what they hold is the same.
func copyRow(ctx context.Context, db *sql.DB, table, id string, own map[string]string, times int) error {
	statement, err := copyStatement(ctx, db, table, own)
	if err != nil {
		return err
	}
	const ofTable = ` FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = $1 ORDER BY name`
	names, err1 := column(ctx, db, `SELECT name`+ofTable, table)
	made, err2 := column(ctx, db, `SELECT sql`+ofTable, table)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	for _, name := range names {
		if _, err := db.ExecContext(ctx, "DROP INDEX "+name); err != nil {
			return err
		}
	}
	const batch = 20_000 // rows of one transaction
	for first := 0; first < times; first += batch {
		if _, err := db.ExecContext(ctx, statement, id, first, min(first+batch, times)); err != nil {
			return err
		}
	}
	for _, index := range made {
		if _, err := db.ExecContext(ctx, index); err != nil {
			return err
		}
	}
	return nil
}

// copyStatement copies the row whose id is $1 once for each number from $2 to below $3.
// Columns named in own hold what is said there of the copy's number n; those that must be
// unique something random.
func copyStatement(ctx context.Context, db *sql.DB, table string, own map[string]string) (statement string, err error) {
	unique, err := column(ctx, db, `SELECT DISTINCT c.name FROM pragma_index_list($1) i, pragma_index_info(i.name) c WHERE i."unique"`, table)
	if err != nil {
		return "", err
	}
	all, err := column(ctx, db, `SELECT name || ' ' || type FROM pragma_table_info($1)`, table)
	if err != nil {
		return "", err
	}
	names, values := make([]string, len(all)), make([]string, len(all))
	for i, c := range all {
		name, kind, _ := strings.Cut(c, " ")
		names[i] = name
		switch {
		case own[name] != "":
			values[i] = own[name]
		case slices.Contains(unique, name) && kind == "BYTEA":
			values[i] = "CASE WHEN " + name + " IS NULL THEN NULL ELSE randomblob(32) END"
		case slices.Contains(unique, name):
			values[i] = "hex(randomblob(16))"
		case kind == "BIGINT":
			values[i] = fmt.Sprintf("CASE WHEN %s > 1000000000000 THEN %s - (n * 7919) %% %d ELSE %s END", name, name, (80 * 24 * time.Hour).Milliseconds(), name)
		default:
			values[i] = name
		}
	}
	return fmt.Sprintf(`WITH RECURSIVE numbers(n) AS (SELECT $2 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < $3)
		INSERT INTO %s (%s) SELECT %s FROM %s, numbers WHERE %s.id = $1`, //nolint:gosec // names out of the schema
		table, strings.Join(names, ", "), strings.Join(values, ", "), table, table), nil
}

// column reads a list of texts.
func column(ctx context.Context, db *sql.DB, query string, args ...any) (all []string, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, rows.Err()
}
