// Package bcp195 says how this service speaks TLS, wherever it does: as a server to
// people and apps, and as a client to brokers, mail servers, the database, webhooks and
// collectors.
//
// It owns the versions and cipher suites. It does not own certificates, trust in them, or
// what is said over the connection. That nobody writes a tls.Config of their own is a rule
// of internal/testkit/archtest.
package bcp195
