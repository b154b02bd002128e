// Package broker is Avain as a relying party of Finnish Trust Network brokers: it
// sends a person to a broker (OP, Telia, Idura, Signicat and their likes) and turns
// the answer into a [login.Identity], or into a *[fault.Error] that says why not.
//
// It owns the configuration of a broker and its presets; the signed request and the
// client assertion; the token exchange; the decryption and every check of the
// id_token; the broker's keys and ours, and what we publish of ours; the list of
// banks with the texts that a broker obliges us to show; the circuit breaker; and the
// test of a set-up, which makes the same checks one by one, with the advice for each word
// that a login can fail with.
//
// It does not own the login attempt (package attempt), the state, nonce and verifier
// of a journey (the caller makes and keeps them), the pages (package bank), or who
// the person is to us (package people). It stores nothing per login.
//
// The facts it builds on, with their sources, stand in docs/brokers.md.
package broker
