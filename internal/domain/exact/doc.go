// Package exact holds the one rule for text that decides something: employers' ids of people,
// user names, addresses, and the files in which they come.
//
// Such text is taken exactly, or refused with words that name what is wrong. It is never
// cleaned: two ids that differ in a character which nobody sees are two people to a program
// and one to everybody who looks, so that a person is there twice, with the benefits of one
// and the invitation of the other. Text that is only shown is the other kind, and cleaned
// (package shown).
//
// It does not know what an id may hold besides (package provisioning), nor what an address is
// (package mail).
package exact
