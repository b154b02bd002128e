// Package notify tells those who wait for an attempt that it has moved.
//
// A wake-up is a hint and never the truth: it carries an id and nothing else, and it
// may be lost. Whoever is woken reads the database. What hints have lost, the
// [Poller] finds: once a second it asks the database what has moved, one question for
// all who wait on this node, however many they are.
//
// It owns the waiting room of one node. How a hint gets from node to node is the
// store's affair (LISTEN and NOTIFY on PostgreSQL); what those who wait are told, and
// over which connection, is package firstparty's.
package notify
