// Package console is the frame of the support console: who is signed in, what each role
// may do, and the page around every page of it. It is served on the operator's listener,
// below /console/.
//
// It owns the passkeys and sessions of the staff, the routes' least roles, navigation,
// errors in the console's look, and the rule that whatever changes something of a person
// has a reason. Its subpackages mount themselves on it: desk (finding and helping people),
// editor (notices), overview (how logins go), voices (feedback), trail (the audit log).
//
// It cannot log in as anybody: nothing that it can reach makes or reads a token, a code,
// a link or an identity code (threat 7).
package console
