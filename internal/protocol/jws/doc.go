// Package jws reads compact JWS (RFC 7515 §7.1) with the strictness that a login
// service needs and libraries leave to their callers.
//
// It owns what must hold of every token before its claims mean anything: one exact
// spelling, allow-listed algorithms, types and header members, no member twice, and
// a key that fits its algorithm. go-jose does the cryptography.
//
// It does not own which key is right nor what the claims must say: that is for
// packages dpop (proofs), client (assertions) and signing (our own tokens).
package jws
