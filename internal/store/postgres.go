package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"avain/internal/bcp195"
	"avain/internal/secret"
	"avain/internal/store/migrations"

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
	log    *slog.Logger
}

func openPostgres(ctx context.Context, dsn secret.Text, conns int, log *slog.Logger) (*postgresDB, error) {
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
	if conns <= 0 {
		conns = 16
	}
	d := &postgresDB{config: config, pool: stdlib.OpenDB(*config), log: log}
	d.pool.SetMaxOpenConns(conns)
	d.pool.SetMaxIdleConns(conns)
	d.pool.SetConnMaxIdleTime(5 * time.Minute)
	if err := d.demandDurable(ctx); err != nil {
		return nil, errors.Join(unavailable(err), d.pool.Close())
	}
	return d, nil
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

func (d *postgresDB) reader() runner { return d.pool }

// write runs the act in a transaction, again when it lost against another or when
// the connection turned out to be dead before anything was sent.
func (d *postgresDB) write(ctx context.Context, act func(context.Context, runner) error) error {
	for try := 1; ; try++ {
		err := d.writeOnce(ctx, act)
		if try == writeTries || !(lostRace(err) || errors.Is(err, errNotBegun)) {
			return unavailable(err)
		}
		d.log.Debug("store: a transaction is run again", "try", try, "error", err)
	}
}

var errNotBegun = errors.New("the connection was dead")

// writeOnce waits for a connection as long as the caller does. Once begun, the
// transaction no longer depends on the caller: who gives up during COMMIT would
// otherwise never learn whether the write happened.
func (d *postgresDB) writeOnce(ctx context.Context, act func(context.Context, runner) error) error {
	conn, err := d.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool; nothing to lose
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	tx, err := conn.BeginTx(ctx, nil)
	if errors.Is(err, driver.ErrBadConn) {
		return fmt.Errorf("%w: %w", errNotBegun, err)
	}
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	if err := act(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
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
