// Package server tests the whole service over HTTP: journeys, wrong turns and the
// rows of the threat model, with the simulated brokers beside it.
//
// It owns no code of the service. Tests of one package's rules live beside that
// package; what needs a real browser is in test/browser; clients and brokers that we
// did not write are in test/interop.
package server
