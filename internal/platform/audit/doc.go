// Package audit writes the security log: who did what to what, and when.
//
// It owns the list of events, one method each, so that the log's words are chosen in
// one place and nothing personal can slip in: entries hold ids and machine words, and
// the reasons that the staff writes; never a name, an identity code or a secret. Entries
// are only ever added; the database refuses to change or remove them (package store). So
// it bounds what strangers can cause, and counts what it does not write.
//
// An entry about an act is written in its transaction ([Log.Atomically]), signed by itself,
// and sealed about a second later: linked to all before it. [Chain] makes the signatures and
// the links, and verifies them.
//
// It does not own the timeline of an attempt (package attempt), which support reads,
// or the request record (package web), which is gone when logs are.
package audit
