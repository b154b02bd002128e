// Package store keeps everything that Avain must not forget, in SQLite (one node)
// or PostgreSQL (many nodes), by the same SQL text.
//
// It has a part for each kind of noun ([Attempts], [Sessions], [People], [Employments],
// [Staff], [Operations], [Audit], [Keys], [Limits]) above one database; a feature gets the
// parts that it uses.
//
// It owns rows and statements: each method is one act and one transaction, but within
// Atomically, which makes several of them and the entries of the audit log about
// them one. Every act that may happen only once is one conditional statement whose condition
// and effect cannot be torn apart (threat 5). Secrets arrive as hashes and are
// looked up in full; personal identity codes arrive as keyed look-up values.
//
// It decides nothing: which move an attempt may make is package attempt's, whom a
// proven identity belongs to is package people's, what a session may do is the
// features'. The errors are those of package fault (ErrNotFound, ErrMoved,
// ErrReplayed, ErrExists) and, for a database that does not answer or is too busy,
// a *fault.Error of kind Unavailable. The schema lives in store/migrations, the
// suite that both databases must pass in store/storetest, and the PostgreSQL server
// that tests run against in store/pgtest.
//
// Times are kept in whole milliseconds: what is read back is what was written,
// rounded down.
//
// # How a write becomes durable
//
// PostgreSQL: an ordinary transaction, again if it lost against another, or if its
// connection broke or led to a server that is no primary before the COMMIT was sent.
// SQLite: one goroutine owns the one writing connection. It takes whatever writes
// are waiting, runs them, commits once, and only then answers all of them
// ([groupCommit]). When one fails they run again, each in a savepoint of its own.
// Nobody waits for company: the writes that gather are those that came while the disk
// was busy with the batch before.
//
// The wait for the disk is a system call, during which Go keeps a processor (P)
// reserved for a while. With GOMAXPROCS=1 nobody else runs meanwhile, and durable
// writes per second fall to a half or less: give the process two even on one core.
package store
