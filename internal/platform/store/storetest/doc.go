// Package storetest is the suite that every database behind package store must pass:
// [Run], and the races of threat 5, [RedeemRace]. It speaks to the store through its
// methods only; what needs a look below them (plans, triggers, files) is tested in
// package store. Its sample rows serve other packages' tests too.
package storetest
