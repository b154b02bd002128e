// Package discovery tells clients, phones and brokers what we are: discovery documents,
// our signing keys, which ways of logging in are open now (/login-options), which apps
// may open our addresses, and what we publish for the brokers that we are registered
// with.
//
// Everything here is public and cacheable. It does not own the keys (packages signing
// and broker), nor does it decide what is open (package availability).
package discovery
