// Package attempt is the one way a login attempt moves.
//
// Every way of logging in is an attempt that ends in an authorization code, which
// the app redeems with its PKCE verifier and its key. This package owns the picture
// of states (picture.go), every transition, every one-time secret of an attempt,
// its lifetimes and its timeline, and the single gate that issues and redeems codes
// (gate.go). Features call it and decide nothing about state themselves.
//
// It does not own how a person proves who they are (package broker and the feature
// signin), who a person is (package people), or what tokens look like (the feature
// token). It writes through a store that makes each move one conditional statement,
// so any node may take the next step.
//
// Two ideas keep logins from being lost without keeping secrets:
//
//   - The browser's cookie holds one random secret. What the attempt needs to speak
//     for that browser again (the authorization code, and towards the broker nonce and
//     PKCE verifier) is derived from it. A double click on "return" gets the same
//     code; another browser can derive nothing; the database holds only hashes.
//   - The refresh token is derived from code and verifier, so a client with a key
//     whose answer was lost asks again and gets the same one.
package attempt
