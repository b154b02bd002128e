package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite"
)

// dialect is how a database is migrated.
type dialect struct {
	goose  goose.Dialect
	files  fs.FS
	locker func() (lock.SessionLocker, error) // nil: the database locks by itself
}

// ErrSchema says that the database's schema is not the one of this program.
var ErrSchema = errors.New("the database schema does not fit this version of avain")

// Migrate brings the schema to the version of this program. Running it again, or on
// several nodes at once, does no harm.
func (s *Store) Migrate(ctx context.Context) (err error) {
	db, err := s.db.bare(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	d := s.db.dialect()
	options := []goose.ProviderOption{
		goose.WithDisableGlobalRegistry(true), goose.WithSlog(s.log),
		// A migration that somebody has struck from the list is applied like any other: it fails, or
		// finds what it must not find. The one that begins the audit log's chain says so.
		goose.WithAllowOutofOrder(true),
	}
	if d.locker != nil {
		locker, err := d.locker()
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	options = append(options, goose.WithGoMigrations(goose.NewGoMigration(chainBegins, &goose.GoFunc{RunTx: s.Audit.beginAuditChain}, nil)))
	provider, err := goose.NewProvider(d.goose, db, d.files, options...)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", unavailable(err))
	}
	for _, r := range results {
		s.log.Info("store: migrated", "version", r.Source.Version, "file", r.Source.Path, "took", r.Duration)
	}
	return s.Audit.CheckAudit(ctx)
}

// CheckSchema proves that the schema is the one of this program, neither older nor
// newer: a node that was left behind by an upgrade must not write; and that the audit log can
// be written to. ErrSchema, ErrAuditBroken.
func (s *Store) CheckSchema(ctx context.Context) error {
	if err := s.CheckVersion(ctx); err != nil {
		return err
	}
	_, err := s.Audit.AuditHead(ctx)
	return err
}

// CheckVersion proves that the migrations that the database has had are those of this
// program: each of them, not only the last. ErrSchema.
func (s *Store) CheckVersion(ctx context.Context) error {
	want, err := numbers(s.db.dialect().files)
	if err != nil {
		return err
	}
	var got []int64
	err = eachRow(ctx, s.db.reader(), "SELECT version_id FROM goose_db_version WHERE is_applied AND version_id > 0", nil, func(row scanner) error {
		var n int64
		err := row.Scan(&n)
		got = append(got, n)
		return err
	})
	switch {
	case noTable(err), err == nil && len(got) == 0:
		return fmt.Errorf("%w: it is empty; run avain migrate", ErrSchema)
	case err != nil:
		return fmt.Errorf("check schema: %w", unavailable(err))
	}
	return compareMigrations(got, want)
}

// compareMigrations says what is missing, or unknown here.
func compareMigrations(got, want []int64) error {
	last := slices.Max(got)
	unknown, missing := without(got, want), without(want, got)
	switch {
	case len(unknown) > 0:
		return fmt.Errorf("%w: it has had migrations that this program does not know: %s; this program is too old, or another one", ErrSchema, list(unknown))
	case len(missing) > 0 && missing[0] < last:
		return fmt.Errorf("%w: it is at version %d, but migrations before that are missing: %s; run avain migrate", ErrSchema, last, list(missing))
	case len(missing) > 0:
		return fmt.Errorf("%w: version %d, want %d; run avain migrate", ErrSchema, last, slices.Max(want))
	}
	return nil
}

// without is what is in the one and not in the other, in order.
func without(these, those []int64) (rest []int64) {
	for _, n := range these {
		if !slices.Contains(those, n) {
			rest = append(rest, n)
		}
	}
	slices.Sort(rest)
	return rest
}

func list(numbers []int64) string { return strings.Trim(fmt.Sprint(numbers), "[]") }

// noTable reports whether a statement failed because its table is missing.
func noTable(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "42P01" // undefined_table
	}
	lite, ok := errors.AsType[*sqlite.Error](err)
	return ok && strings.Contains(lite.Error(), "no such table")
}

// numbers are those of this program's migrations.
func numbers(files fs.FS) ([]int64, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	all := []int64{chainBegins}
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", name, err)
		}
		all = append(all, n)
	}
	return all, nil
}
