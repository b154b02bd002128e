// Package steady keeps what runs in the background running: a panic in it is contained,
// counted, logged and tried again, and does not end the process and every login on it.
//
// A goroutine of the service begins here, or contains its panics itself; internal/testkit/archtest
// finds those that do neither. Handlers of requests are package web's.
package steady
