// Package app puts the service together: THE wiring, on one screen (wire.go).
//
// It owns which part gets which, and the housekeeping that runs beside the requests.
// It decides nothing about logins. Commands and whole-server tests call [New] and
// serve what it gives them.
package app
