// Package wake tells those who wait for an attempt that it has moved.
//
// A wake-up is a hint and never the truth: it carries an id and nothing else, and it
// may be lost. Whoever is woken reads the database; whoever is not reads it a second
// later anyway.
//
// It owns the waiting room of one node. How a hint gets from node to node is the
// store's affair (LISTEN and NOTIFY on PostgreSQL).
package wake
