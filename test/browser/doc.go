// Package browser tests the whole thing in a real browser: Debian's chromium drives
// the phone app, the service's pages and the simulated banks, all of internal/testkit/demo.
//
//	world      an installation: service, banks, phone app, and a clock to move
//	browser    a chromium of its own, with a fresh profile and a wire that can be cut
//	person     one profile: a phone or a computer; a browser can hold several
//	tab        what a person sees, and presses by the words on it
//
// A test says what a person does and sees: tab.press("Kirjaudu sisään"),
// tab.see("Hei, Aino"). Nothing sleeps: every step waits for what it expects. Any
// console error, broken content security policy or request to a stranger fails the
// test that it happens in.
//
// It owns no code of the service. What needs no browser is in test/server; programs
// that we did not write are in test/interop. With SCREENSHOTS=dir, TestEveryPage and
// TestEveryScreen also leave pictures there, of everything in each language.
package browser
