package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// connLife is how old a connection gets, so that a change behind the address (a moved
	// host name, a proxy, a new certificate) reaches every one of them.
	connLife = 30 * time.Minute
	// connectTime bounds one try to connect, when the DSN says nothing: a host that is off
	// answers nothing for minutes, and the next one of the list waits behind it.
	connectTime = 5 * time.Second
)

// era tells the connections that were made before the server turned out to be no primary
// any more from those that were made since. After a switchover the old server goes on
// answering over the connections that there are: it reads, and refuses every write. New
// connections find the new primary, by target_session_attrs=read-write in the DSN or behind
// a name that has moved.
type era struct {
	mu   sync.Mutex
	n    int
	life context.Context //nolint:containedctx // ends with the era
	over context.CancelFunc
}

const eraKey = "avain era" // among the custom data of a connection

func newEra() *era {
	e := &era{}
	e.life, e.over = context.WithCancel(context.Background())
	return e
}

// now is the present era, and what ends with it.
func (e *era) now() (int, context.Context) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.n, e.life
}

// end begins the next era after this one, unless somebody has done so: the connections of
// an era all lead to the same server, and one that is found out stands for all.
func (e *era) end(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n == e.n {
		e.over()
		e.n++
		e.life, e.over = context.WithCancel(context.Background())
	}
}

// of is the era of a connection.
func of(conn *sql.Conn) (n int) {
	_ = conn.Raw(func(raw any) error { // fails when it is closed, and then it is of no era
		if c, ok := raw.(*stdlib.Conn); ok {
			n, _ = c.Conn().PgConn().CustomData()[eraKey].(int)
		}
		return nil
	})
	return n
}

// mark writes into a new connection when it was made: hook for [stdlib.OptionAfterConnect].
func (e *era) mark(_ context.Context, conn *pgx.Conn) error {
	n, _ := e.now()
	conn.PgConn().CustomData()[eraKey] = n
	return nil
}

// check gives a connection of an earlier era up: hook for [stdlib.OptionResetSession].
func (e *era) check(_ context.Context, conn *pgx.Conn) error {
	if n, _ := e.now(); conn.PgConn().CustomData()[eraKey] != n {
		return driver.ErrBadConn
	}
	return nil
}
