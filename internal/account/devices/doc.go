// Package devices shows a person where they are logged in, on the web and in the app,
// and lets them end it.
//
// It owns the list, logging out one device or all, "this wasn't me", and the letter
// about a new login. It does not own sessions (package store keeps them), who is signed
// in (package home), what an access token opens (package token), or how link and QR code
// are paused (package attempt).
package devices
