// Package availability decides which ways in are open now: which login methods and means
// the operator has switched on, and which versions of the app may use them.
//
// Features ask it where a login begins ([Gate.Admit]) and where a means is chosen
// ([Gate.Means]); metadata tells apps the same in advance. A login that has begun is
// not its business, nor is whoever is logged in.
//
// The switches are rows, so that every node follows; each node reads them again after
// a few seconds. When they cannot be read, the last known ones hold: a database that
// stumbles must neither close every door nor open one that an operator has closed for
// a reason. A node that has never read them does not start.
//
// A notice can put a method first or close it for whom it concerns (package notices, asked
// through [Board]). It opens nothing: switches and configuration go before it.
//
// An app says its version itself. Versions are for telling people to update, never
// for keeping anybody out: what protects a login is in package attempt.
package availability
