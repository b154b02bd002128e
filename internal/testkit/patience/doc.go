// Package patience says how long a test waits for what must come: so long that only a
// fault takes it all, on a machine that has twenty other things to do as well.
//
// A test waits for an event, or looks again and again ([Until]); it never waits for a time
// to pass. What makes it give up is one length, [Limit], which the environment variable
// [Variable] multiplies for machines that are slower still. internal/testkit/archtest refuses
// tests that set a limit of their own.
//
// It owns no time of the service's: how long that waits for a broker or for the database
// is what is tested, and the tests' clocks are injected or synctest's.
package patience
