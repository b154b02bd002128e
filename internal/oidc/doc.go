// Package oidc is the folder of the end points that OAuth and OpenID Connect name: authorize
// (/par and /authorize), token (/token, /revoke, /introspect), discovery (the metadata, /jwks
// and /login-options), endsession (/logout) and firstparty (/authorize-challenge and the
// status of an attempt).
//
// Each room mounts itself and declares the interfaces that it needs; none imports another.
// What an attempt may do is decided in core/attempt, what the protocols say stands below
// protocol. The ways to prove who one is are the rooms of methods.
package oidc
