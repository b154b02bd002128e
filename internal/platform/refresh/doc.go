// Package refresh keeps what a node has last read of something small that all nodes share
// and somebody changes now and then: the switches (package availability), the notices (package
// notices). Asking costs nothing, and when the database is away, what was last known
// holds.
//
// It owns when to read and who does it. It does not own what is read, and nothing that
// must be true this very moment: a look-up of a person or a session asks the database.
package refresh
