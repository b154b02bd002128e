// Package demo runs everything on one machine, in one process: the service on an
// embedded database, simulated brokers with invented banks, the phone app, a
// mailbox, and sample people.
//
// It writes a real configuration file with real key files into its folder and starts
// the service from it, the way an operator would: what the demo shows is what ships.
// Whole-server tests and the browser tests use the same constructor. It owns no part
// of a login.
package demo
