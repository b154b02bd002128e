// Package metadata tells clients and brokers what we are: discovery documents, our
// signing keys, and what we publish for the brokers that we are registered with.
//
// Everything here is public and cacheable. It does not own the keys (packages
// signer and broker).
package metadata
