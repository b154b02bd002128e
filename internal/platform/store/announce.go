package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// movedChannel carries the ids of attempts that have moved, from node to node.
	// Ids only: whoever listens reads the truth from the database.
	movedChannel = "avain_moved"
	// announceQueue bounds what waits to be announced. Beyond it announcements are
	// dropped: they are hints, and whoever misses one looks by itself a second later.
	announceQueue = 1024
	// announceBatch keeps a payload below PostgreSQL's 8,000 bytes.
	announceBatch = 200

	listenAgain = time.Second
)

// Announcer tells the other nodes which attempts have moved. It sends after the
// moves' own transactions, because a NOTIFY inside of one takes a lock that all
// commits of the database queue for.
type Announcer struct {
	postgres *postgresDB // nil on SQLite, where there is no other node
	queue    chan string
}

// Announcer makes the announcer of this node. Nothing is sent until Speak.
func (s *Store) Announcer() *Announcer {
	d, _ := s.db.database.(*postgresDB)
	return &Announcer{postgres: d, queue: make(chan string, announceQueue)}
}

// Announce says that an attempt has moved. It never blocks.
func (a *Announcer) Announce(attempt string) {
	if a.postgres == nil {
		return
	}
	select {
	case a.queue <- attempt:
	default:
	}
}

// Listen calls heard with what the other nodes announce, until ctx ends. A connection
// that breaks is made again; what is said meanwhile is lost.
func (a *Announcer) Listen(ctx context.Context, heard func(attempt string)) {
	if a.postgres == nil {
		<-ctx.Done()
		return
	}
	for ctx.Err() == nil {
		if err := a.listen(ctx, heard); err != nil && !errors.Is(err, context.Canceled) {
			a.postgres.log.WarnContext(ctx, "store: not listening to the other nodes; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(listenAgain):
		}
	}
}

// Speak sends what is announced here to the other nodes, until ctx ends.
func (a *Announcer) Speak(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case first := <-a.queue:
			batch := []string{first}
			for len(batch) < announceBatch && len(a.queue) > 0 {
				batch = append(batch, <-a.queue)
			}
			// A hint that cannot be sent is lost; the node that waits looks by itself.
			_, _ = a.postgres.pool.ExecContext(ctx, "SELECT pg_notify($1, $2)", movedChannel, strings.Join(batch, ","))
		}
	}
}

// listen listens to one server, until it breaks or turns out to be no primary any more: the
// others speak to the new one then.
func (a *Announcer) listen(ctx context.Context, heard func(string)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	_, era := a.postgres.era.now()
	defer context.AfterFunc(era, cancel)()
	conn, err := pgx.ConnectConfig(ctx, a.postgres.config)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // nothing can be lost
	if _, err := conn.Exec(ctx, "LISTEN "+movedChannel); err != nil {
		return err
	}
	for {
		hint, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		for id := range strings.SplitSeq(hint.Payload, ",") {
			heard(id)
		}
	}
}
