// Package keyset reads, makes and changes the keys that lie outside the database: an AEAD
// for what must be read again (signing keys, identity codes), a PRF for what is only looked
// up (identity codes), and the secret that all nodes share.
//
// It owns the format: Tink's JSON for the first two, one keyset per file; a text for the
// secret, or JSON with its generations; each file readable by its owner only. Several keys
// in a file are how a key is changed without losing what the old one made: see [Change]. A
// mark in the database tells whether a keyset is the one that it is used with, and nothing
// of the key. The package does not own where the bytes come from (package config), what is
// sealed with them (packages signing and people), nor when a key may be changed (package
// app).
//
// The keysets are in the clear in their files. An operator with a key management
// service wraps them with its key instead; Tink reads those through a KMS client,
// and only this package would change.
package keyset
