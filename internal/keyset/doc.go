// Package keyset reads and makes the Tink keysets that protect what the database
// holds: an AEAD for what must be read again (signing keys, identity codes) and a
// PRF for what is only looked up (identity codes).
//
// It owns the format: Tink's JSON, one keyset per file, the file readable by its
// owner only. Several keys in a set are how a key is changed without losing what
// the old one sealed. A mark in the database tells whether a keyset is the one that it
// is used with, and nothing of the key. It does not own where the bytes come from (package config)
// nor what is sealed with them (packages signer and people).
//
// The keysets are in the clear in their files. An operator with a key management
// service wraps them with its key instead; Tink reads those through a KMS client,
// and only this package would change.
package keyset
