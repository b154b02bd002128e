// Package pgtest gives tests a real PostgreSQL: the server that Debian ships, in a
// temporary folder, on a unix socket, without fsync. One server is started per test
// process, when the first test asks, and each [Database] call makes a new database.
//
// It owns that server's life and knows nothing of schemas; package store migrates.
// Only tests may import it.
package pgtest
