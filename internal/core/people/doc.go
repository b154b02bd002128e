// Package people finds the one person that a proven identity belongs to.
//
// It owns the key of a person (a keyed hash of the personal identity code, never an
// e-mail address and never a broker's subject), the sealing of the code where a
// purpose for keeping it is configured, and what happens to a person's name at each
// strong authentication; employers' records of people, and how one is bound to a human
// (invitation, activation, joining); Smartum credentials, how often they may be tried, and
// the count of the tries that were wrong, which support sees.
//
// It does not own how the identity was proven (package broker) or whether the
// person may log in right now (the gate of package attempt).
package people
