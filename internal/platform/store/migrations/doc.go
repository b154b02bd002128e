// Package migrations holds the schema, as one numbered sequence of goose files for
// both databases. A file named *.both.sql serves SQLite and PostgreSQL alike; only
// what they cannot say in one text is a pair of *.sqlite.sql and *.postgres.sql
// with the same number. A test in package store compares the two schemas.
//
// Files that have been released are never edited: a change is the next number.
package migrations

import "embed"

// SQLite is the sequence for SQLite.
//
//go:embed *.both.sql *.sqlite.sql
var SQLite embed.FS

// Postgres is the sequence for PostgreSQL.
//
//go:embed *.both.sql *.postgres.sql
var Postgres embed.FS
