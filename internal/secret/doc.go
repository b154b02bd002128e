// Package secret makes, hashes and compares the values that must never be seen.
//
// It owns the redacting type [Text] (a secret in memory), [Hash] (the only form in
// which a secret may be stored), and derivation: one secret that yields another, so
// that a lost answer can be given again without ever having been written down.
//
// It does not own keys at rest (packages signing and keyset), passwords (package
// credentials) or DPoP (package dpop).
package secret
