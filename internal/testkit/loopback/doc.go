// Package loopback is what tests and the demo need of this machine's own network so
// that they do not get in each other's way, however many run at once and however busy
// the machine is.
//
// It owns HTTP transports that nobody else empties, ports that stay with whoever has
// taken them, and the order in which a mail server is stopped. It knows nothing of the
// service: who talks to it over HTTP is internal/testkit/robot, and what the letters are is
// internal/platform/mail.
package loopback
