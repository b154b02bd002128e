// Package archtest fails when the source breaks the picture of architecture.md.
//
// It owns the picture as a table (layers.go) and the tests that hold every package
// against it: which layer may import which, doc.go in every package, no packages
// that are named after nothing, no clock but the injected one. It holds no code that
// runs in the service.
package archtest
