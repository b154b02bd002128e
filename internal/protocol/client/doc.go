// Package client knows the client apps: who they are, how they prove it, and where
// a person may be sent back to.
//
// It owns client authentication (none, a secret in header or form, private_key_jwt),
// redirect URI and origin matching, and pairwise subjects. Clients are
// configuration, read once at start.
//
// It does not own what a client may do once known (features authorize and token),
// DPoP (package dpop) or CORS answers (package web).
package client
