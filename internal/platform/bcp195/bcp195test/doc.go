// Package bcp195test holds our side of a TLS connection against BCP 195, with real
// handshakes. It owns the list of what is right, written out a second time so that a
// change of package bcp195 does not change its test with it.
package bcp195test
