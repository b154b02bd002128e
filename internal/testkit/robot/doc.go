// Package robot is a phone app and a browser without a screen: it logs in over HTTP
// the way people's devices do, for whole-server tests and for the load generator.
//
// It is written from the outside, against docs/protocol.md, and shares no code with
// the service, so that both sides must agree on the wire and not by accident.
package robot
