package store

import (
	"database/sql"
	"time"
)

// Stats describes the database for metrics.
type Stats struct {
	Open, InUse int           // connections; SQLite: those that read
	Waits       int64         // times that a caller had to wait for a connection
	Waited      time.Duration // in all
	Queue       int           // SQLite: writes that wait now
	Batches     int64         // SQLite: transactions since the start
	Writes      int64         // SQLite: writes in them
	Bytes       int64         // SQLite: size of the file and its write-ahead log
}

// Stats answers from memory; it does not ask the database.
func (s *Store) Stats() Stats { return s.db.stats() }

func poolStats(pool *sql.DB) Stats {
	p := pool.Stats()
	return Stats{Open: p.OpenConnections, InUse: p.InUse, Waits: p.WaitCount, Waited: p.WaitDuration}
}
