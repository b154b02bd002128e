// Package login holds the nouns of a login: attempt, person, session, means, device,
// client, the reasons why one fails and the steps of its timeline.
//
// It owns their shape and their invariants, and nothing that does anything: no
// database, no HTTP, no clock. What an attempt may do next is decided in core/attempt;
// how a person is found, in core/people; how a row is written, in platform/store.
package login
