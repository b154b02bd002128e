// Package backchannel tells clients that a session of theirs has ended before its time, so
// that they end what they have built on it (OpenID Connect Back-Channel Logout 1.0).
//
// It owns what a logout token says, and its delivery to the address that the client has in
// the configuration and to no other. A delivery is a job, ordered in the transaction that
// ends the session ([Sender.Jobs]); the token is made when it is sent, anew for each try,
// so that none lies in the database and each is good for two minutes.
//
// It does not own when a session ends, nor that every end is told: that is package
// store's. Keeping, repeating and giving up jobs is package jobs', the keys that sign are
// package signing's.
package backchannel
