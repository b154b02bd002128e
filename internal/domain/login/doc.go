// Package login holds the nouns of Avain: attempt, person, session, means, broker
// identity, client, device, and the kinds of error that every layer speaks.
//
// It owns their shape and their invariants, and nothing that does anything: no
// database, no HTTP, no clock. What an attempt may do next is decided in package
// attempt; how a person is found, in package people; how a row is written, in
// package store.
package login
