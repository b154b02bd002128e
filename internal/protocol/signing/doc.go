// Package signing holds the keys that Avain signs its own tokens with, and changes
// them without anybody noticing.
//
// It owns the life of a key: made and sealed, published ahead of use, active,
// retired but still published until the last token it signed has expired, removed. Of
// a removed key the public part is kept for a while, to verify hints at log-out only.
// Each algorithm in use has its own. Its very first key is made when it is needed.
// It signs and verifies compact JWS (RFC 7515) and serves the JWK set. Keys live in
// the database, shared by all nodes; the key that seals them lives outside.
//
// When a key has leaked, the operator revokes it (avain keys revoke): nothing of it is
// kept, what it signed is void within a minute, and where no other key is left a new
// one is made when the next token is signed.
//
// It does not own what a token says (features token and authorize), the keys we
// use towards brokers (package broker), or when Tick runs (package app).
package signing
