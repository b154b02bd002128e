package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"avain/internal/platform/bcp195"
	"avain/internal/platform/store/migrations"
	"avain/internal/secret"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

const (
	// writeTries bounds how often a transaction that lost against another is run
	// again. Our transactions are short; to lose twice in a row is rare.
	writeTries = 10
	// writeTime bounds a transaction that has begun, whoever waits for it.
	writeTime = 10 * time.Second
)

// postgresDB is a pool of connections to PostgreSQL.
type postgresDB struct {
	config *pgx.ConnConfig
	pool   *sql.DB
	era    *era
	log    *slog.Logger
}

func openPostgres(ctx context.Context, c Config, log *slog.Logger) (*postgresDB, error) {
	config, err := parsePostgres(c.DSN)
	if err != nil {
		return nil, err
	}
	through := config
	if !c.Pooler.Empty() {
		if through, err = parsePostgres(c.Pooler); err != nil {
			return nil, err
		}
		// The next statement may meet another server: nothing that was prepared is there.
		through.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
	conns := c.Conns
	if conns <= 0 {
		conns = 16
	}
	era := newEra()
	pool := stdlib.OpenDB(*through, stdlib.OptionAfterConnect(era.mark), stdlib.OptionResetSession(era.check))
	d := &postgresDB{config: config, pool: pool, era: era, log: log}
	d.pool.SetMaxOpenConns(conns)
	d.pool.SetMaxIdleConns(conns)
	d.pool.SetConnMaxIdleTime(5 * time.Minute)
	d.pool.SetConnMaxLifetime(connLife)
	err = demandDirect(ctx, config)
	if err == nil {
		err = d.demandDurable(ctx)
	}
	if err != nil {
		return nil, errors.Join(unavailable(err), d.pool.Close())
	}
	return d, nil
}

func parsePostgres(dsn secret.Text) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(dsn.Reveal())
	if err != nil {
		return nil, errors.New("the PostgreSQL DSN is malformed") // the cause may quote the password
	}
	config.TLSConfig = bcp195.Narrow(config.TLSConfig)
	for _, other := range config.Fallbacks { // other hosts, and sslmode=allow's second try
		other.TLSConfig = bcp195.Narrow(other.TLSConfig)
	}
	if _, set := config.RuntimeParams["application_name"]; !set {
		config.RuntimeParams["application_name"] = "avain"
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTime
	}
	return config, nil
}

// errPooled says that somebody stands between us and PostgreSQL who deals out connections
// anew for each transaction.
var errPooled = errors.New("database.dsn leads to a connection pooler in transaction mode; name that under database.pooler_dsn, and let database.dsn lead past it")

// demandDirect refuses a pooler in transaction mode where none is expected: statements that
// are prepared over one connection are met by another, and locks for migrations belong to
// nobody. It shows by two connections that stand side by side and are one at the server.
func demandDirect(ctx context.Context, config *pgx.ConnConfig) (err error) {
	plain := config.Copy()
	plain.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol // leaves nothing behind at a pooler's
	backend := func() (conn *pgx.Conn, id int64, err error) {
		if conn, err = pgx.ConnectConfig(ctx, plain); err != nil {
			return nil, 0, err
		}
		if err := conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&id); err != nil {
			return nil, 0, errors.Join(err, conn.Close(ctx))
		}
		return conn, id, nil
	}
	one, first, err := backend()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, one.Close(ctx)) }()
	other, second, err := backend()
	if err != nil {
		return err
	}
	if first == second {
		err = errPooled
	}
	return errors.Join(err, other.Close(ctx))
}

// demandDurable refuses a server that answers before it has written: a redeemed
// code could be redeemed again after a crash or failover (threat 31).
func (d *postgresDB) demandDurable(ctx context.Context) error {
	var version int
	var commit string
	const query = "SELECT CAST(current_setting('server_version_num') AS INT), current_setting('synchronous_commit')"
	if err := d.pool.QueryRowContext(ctx, query).Scan(&version, &commit); err != nil {
		return err
	}
	if version < 150000 {
		return fmt.Errorf("PostgreSQL %d is too old, need 15", version/10000)
	}
	if commit == "off" {
		return errors.New("PostgreSQL: synchronous_commit is off, and logins that were confirmed could be lost; switch it on")
	}
	return nil
}

func (d *postgresDB) reader() runner { return reader{d.pool} }

// reader reads again, once, when the connection broke: a statement that only reads may
// run twice.
type reader struct{ *sql.DB }

func (r reader) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := r.DB.QueryContext(ctx, query, args...) //nolint:sqlclosecheck,rowserrcheck // the caller's
	if broken(err) {
		return r.DB.QueryContext(ctx, query, args...)
	}
	return rows, err
}

func (r reader) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	row := r.DB.QueryRowContext(ctx, query, args...)
	if broken(row.Err()) {
		return r.DB.QueryRowContext(ctx, query, args...)
	}
	return row
}

// write runs the act in a transaction, again when that is safe: it lost against another,
// or nothing of it can have happened.
func (d *postgresDB) write(ctx context.Context, act func(context.Context, runner) error) error {
	for try := 1; ; try++ {
		err := d.writeOnce(ctx, act)
		if try == writeTries || !(lostRace(err) || errors.Is(err, errNothingDone) && try <= safeTries) {
			return unavailable(err)
		}
		d.log.Debug("store: a transaction is run again", "try", try, "error", err)
		if notPrimary(err) {
			// Everybody's connections are made anew now; not all at once, nor without end.
			if err := pause(ctx, time.Duration(try)*pauseEach); err != nil {
				return unavailable(err)
			}
		}
	}
}

// pauseEach is the pause before each try to find the primary, and that much longer each time.
const pauseEach = 50 * time.Millisecond

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// safeTries bounds the tries of a transaction that did nothing, because its connection
// broke or led to a server that is no primary.
const safeTries = 3

// errNothingDone says that the transaction ended before its COMMIT was sent.
var errNothingDone = errors.New("nothing was done")

// writeOnce waits for a connection as long as the caller does. Once begun, the
// transaction no longer depends on the caller: who gives up during COMMIT would
// otherwise never learn whether the write happened.
func (d *postgresDB) writeOnce(ctx context.Context, act func(context.Context, runner) error) error {
	conn, err := d.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool; nothing to lose
	era := of(conn)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return nothingDone(err)
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	if err := act(ctx, tx); err != nil {
		if notPrimary(err) {
			d.era.end(era)
		}
		return nothingDone(err)
	}
	return tx.Commit()
}

// nothingDone marks what may be tried again on another connection.
func nothingDone(err error) error {
	if broken(err) || notPrimary(err) {
		return fmt.Errorf("%w: %w", errNothingDone, err)
	}
	return err
}

// notPrimary: read_only_sql_transaction.
func notPrimary(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "25006"
}

// errOvertaken says that somebody wrote between two looks of one transaction.
var errOvertaken = errors.New("somebody wrote in between")

// lostRace reports whether PostgreSQL gave up a transaction so that another could
// go on: serialization_failure, deadlock_detected. unique_violation is one too: our
// statements look before they write, so it means that somebody wrote in between, and
// that looking again leads elsewhere. errOvertaken says the same of our own finding.
func lostRace(err error) bool {
	if errors.Is(err, errOvertaken) {
		return true
	}
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "23505")
}

func (d *postgresDB) forUpdate() string { return " FOR UPDATE" }

func (d *postgresDB) clock() string {
	return "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
}

// dialect takes an advisory lock, so that nodes which start together migrate one
// after the other.
func (d *postgresDB) dialect() dialect {
	return dialect{
		goose: goose.DialectPostgres, files: migrations.Postgres,
		locker: func() (lock.SessionLocker, error) { return lock.NewPostgresSessionLocker() },
	}
}

func (d *postgresDB) bare(context.Context) (*sql.DB, error) { return stdlib.OpenDB(*d.config), nil }

func (d *postgresDB) stats() Stats { return poolStats(d.pool) }

func (d *postgresDB) close() error { return d.pool.Close() }
