package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
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
	options = append(options, goose.WithGoMigrations(goose.NewGoMigration(chainBegins, &goose.GoFunc{RunTx: s.beginAuditChain}, nil)))
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
	return s.CheckAudit(ctx)
}

// CheckSchema proves that the schema is the one of this program, neither older nor
// newer: a node that was left behind by an upgrade must not write; and that the audit log can
// be written to. ErrSchema, ErrAuditBroken.
func (s *Store) CheckSchema(ctx context.Context) error {
	if err := s.CheckVersion(ctx); err != nil {
		return err
	}
	_, err := s.AuditHead(ctx)
	return err
}

// CheckVersion proves that the schema is the one of this program. ErrSchema.
func (s *Store) CheckVersion(ctx context.Context) error {
	want, err := newest(s.db.dialect().files)
	if err != nil {
		return err
	}
	var got sql.NullInt64
	const query = "SELECT MAX(version_id) FROM goose_db_version WHERE is_applied"
	err = s.db.reader().QueryRowContext(ctx, query).Scan(&got)
	switch {
	case noTable(err):
		return fmt.Errorf("%w: it is empty; run avain migrate", ErrSchema)
	case err != nil:
		return fmt.Errorf("check schema: %w", unavailable(err))
	case got.Int64 < want:
		return fmt.Errorf("%w: version %d, want %d; run avain migrate", ErrSchema, got.Int64, want)
	case got.Int64 > want:
		return fmt.Errorf("%w: version %d, want %d; this program is too old", ErrSchema, got.Int64, want)
	}
	return nil
}

// noTable reports whether a statement failed because its table is missing.
func noTable(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "42P01" // undefined_table
	}
	lite, ok := errors.AsType[*sqlite.Error](err)
	return ok && strings.Contains(lite.Error(), "no such table")
}

// newest is the highest number among the migrations.
func newest(files fs.FS) (int64, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return 0, err
	}
	top := int64(chainBegins)
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("migration %s: %w", name, err)
		}
		top = max(top, n)
	}
	return top, nil
}
