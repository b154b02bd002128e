// Package passhash keeps passwords so that nobody can read them.
//
// It owns how a password is hashed (Argon2id over a keyed hash, with the parameters in
// the text), compared, and rehashed when the parameters have grown; which passwords are
// good enough; the look-up in a list of leaked ones; and how many hashes are computed, and
// how many callers wait, at once.
//
// It does not own whose password it is, how often may be tried, or what the right one
// opens: package people.
package passhash
