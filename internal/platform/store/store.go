package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/queue"
	"avain/internal/platform/audit"
	"avain/internal/secret"
)

// Driver names a database.
type Driver string

// The databases.
const (
	SQLite   Driver = "sqlite"
	Postgres Driver = "postgres"
)

// Config says which database, and how.
type Config struct {
	Driver Driver
	Path   string      // SQLite: the file; made, readable by us alone, when missing
	DSN    secret.Text // PostgreSQL: URL or keywords; it may hold a password
	Pooler secret.Text // the same to a pooler in transaction mode; empty without one
	// Conns is how many connections may be open at once. PostgreSQL: all of them,
	// default 16. SQLite: those that read, default 4; one more writes.
	Conns int
	Now   func() time.Time // default time.Now
	Log   *slog.Logger     // default slog.Default()

	// AuditKey keys the chain of hashes over the audit log (see [audit.Chain]). All nodes
	// need the same one, and it must not be kept in the database.
	AuditKey secret.Text
	// AuditBegun is where the chain began, as it is known outside the database; zero when
	// that has not been written down yet.
	AuditBegun operations.AuditHead

	// KeyNames are the names of the keys that this node holds, told to the others with each
	// beat.
	KeyNames string

	// Revoked answers the jobs that follow from the end of a session before its time:
	// events for the operator's systems, and logout tokens for its client. They are written
	// in its transaction, whoever ended it, so that none is forgotten. It may run more than
	// once for one session, and asks for the subject when it needs it: that is a statement.
	Revoked func(s login.Session, subject func() (string, error)) ([]queue.Job, error)

	// Expired is told of each attempt that a purge has ended; may be nil.
	Expired func(login.Attempt)
}

// Store is an open database, by what lies in it. It is safe for concurrent use.
type Store struct {
	*core

	Attempts    *Attempts
	Sessions    *Sessions
	Limits      *Limits
	People      *People
	Employments *Employments
	Staff       *Staff
	Operations  *Operations
	Audit       *Audit
	Keys        *Keys
}

// core is what all parts of the store share.
type core struct {
	db  joining
	now func() time.Time
	log *slog.Logger

	keyNames string

	chain   audit.Chain
	stream  *auditStream
	process string // names this process in leases
	begun   operations.AuditHead
	revoked func(login.Session, func() (string, error)) ([]queue.Job, error) // may be nil
	expired func(login.Attempt)                                              // may be nil
}

// Attempts are logins on their way: their links, QR pages and journeys to brokers.
type Attempts struct{ *core }

// Sessions are apps that are logged in.
type Sessions struct{ *core }

// Limits are what may happen once, or only so often, on every node and after a restart.
type Limits struct{ *core }

// People are those who log in: their credentials, benefits and traces.
type People struct{ *core }

// Employments are what employers say of people: records, invitations, imports.
type Employments struct{ *core }

// Staff are those who work in the console.
type Staff struct{ *core }

// Operations are what those need who run the service: jobs, API keys, notices, switches,
// counts, alerts, feedback.
type Operations struct{ *core }

// Audit is the append-only log of who did what to whom.
type Audit struct{ *core }

// Keys are the keys that sign, and what is sealed with or found by keys outside the
// database, while those are changed.
type Keys struct{ *core }

// runner runs statements: a transaction, or the connections for reading.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// database is what differs between the two.
type database interface {
	// reader runs single statements that only read.
	reader() runner
	// write runs act in a transaction and answers when it is durable, or undone
	// because act failed. act may run more than once; it must not keep anything
	// from a run that failed.
	write(ctx context.Context, act func(ctx context.Context, tx runner) error) error
	// forUpdate ends a SELECT so that others cannot change what it has read before the
	// transaction ends.
	forUpdate() string
	// clock is the statement that reads the database's clock, in milliseconds.
	clock() string
	stats() Stats
	// dialect describes the migrations; bare opens a connection for them.
	dialect() dialect
	bare(ctx context.Context) (*sql.DB, error)
	close() error
}

// Open opens the database and proves that it answers. It does not touch the
// schema: see [Store.Migrate] and [Store.CheckSchema].
func Open(ctx context.Context, config Config) (*Store, error) {
	s := newStore(&core{now: config.Now, log: config.Log, keyNames: config.KeyNames, chain: audit.NewChain(config.AuditKey), begun: config.AuditBegun, revoked: config.Revoked, expired: config.Expired})
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	var err error
	switch config.Driver {
	case SQLite:
		s.db.database, err = openSQLite(ctx, config.Path, config.Conns, s.log)
	case Postgres:
		s.db.database, err = openPostgres(ctx, config, s.log)
	default:
		return nil, fmt.Errorf("store: no such driver: %q", config.Driver)
	}
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s.process = login.NewID()
	s.stream = &auditStream{chain: s.chain, clock: s.db.clock(), now: s.now}
	return s, nil
}

func newStore(c *core) *Store {
	return &Store{
		core: c, Attempts: &Attempts{c}, Sessions: &Sessions{c}, Limits: &Limits{c}, People: &People{c}, Employments: &Employments{c},
		Staff: &Staff{c}, Operations: &Operations{c}, Audit: &Audit{c}, Keys: &Keys{c},
	}
}

// closeTime bounds how long closing waits for the audit log: others seal what is left.
const closeTime = 5 * time.Second

// Close waits for the writes that have been accepted, then closes the database.
// Writes that come later are refused.
func (s *Store) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	if err := s.Audit.closeOwnStream(ctx); err != nil {
		s.log.WarnContext(ctx, "store: the last entries of the audit log are not sealed; another node, or the next start, does it", "error", err)
	}
	if err := s.db.close(); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// Clock reads the database's clock: nodes whose own clock is far from it are not
// ready, because lifetimes would differ between them.
func (s *Store) Clock(ctx context.Context) (time.Time, error) {
	var ms int64
	if err := s.db.reader().QueryRowContext(ctx, s.db.clock()).Scan(&ms); err != nil {
		return time.Time{}, fmt.Errorf("read the database's clock: %w", unavailable(err))
	}
	return fromMillis(ms), nil
}
