// Package outbound is the way to systems whose addresses stand in the configuration:
// those that listen to events (package webhook), and clients that are told of the end of a
// session (package backchannel).
//
// It owns which addresses may be written there, what a name may lead to, how long things
// may take, and the machine words for what went wrong. Redirects are never followed.
//
// It does not own what is sent, nor what an answer means. Brokers have a door of their
// own (package broker), because there answers are read.
package outbound
