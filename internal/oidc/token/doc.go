// Package token is where an app gets, keeps and gives up its tokens: /token,
// /userinfo, /revoke and /introspect.
//
// Every request goes through the same phases: parameters, client, key, then one
// file per grant. The package owns what stands in a token and the re-checks that
// make a revoked device fail at its next call.
//
// It does not own the authorization code (the gate of package attempt), proofs of
// possession (package dpop), client authentication (package client) or the signing
// keys (package signing).
package token
