// Package privacy gives people what the service knows of them, and erases them
// (GDPR articles 15, 17 and 20).
//
// It owns the document with everything that there is about a person and what its words
// mean, the page that it is downloaded from, and the act of erasing. It does not own
// where things are kept and how they are found or deleted (package store), how long they
// are kept (the housekeeping of package app), or who is signed in (package home).
// docs/privacy.md is the table for people.
package privacy
