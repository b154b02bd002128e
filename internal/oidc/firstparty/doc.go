// Package firstparty is where a waiting app asks about its login and brings what the
// person has typed: /attempt-status and /authorize-challenge.
//
// The second is the authorization challenge endpoint of OAuth 2.0 for First-Party
// Applications (draft-ietf-oauth-first-party-apps-04). Neither ever answers a token:
// what comes out is a state, or an authorization code that only the app's key and
// verifier can redeem.
//
// What an attempt may do is decided in package attempt; how waiting apps are woken,
// in package notify.
package firstparty
