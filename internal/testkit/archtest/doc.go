// Package archtest fails when the source breaks the picture of architecture.md.
//
// It owns the picture as rules by folder (layers.go) and the tests that hold every package
// against it: which folder may import which, which rooms of a folder read which others, doc.go in every package, no packages
// that are named after nothing, no clock but the injected one. It holds no code that
// runs in the service.
package archtest
