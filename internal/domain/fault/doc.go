// Package fault holds the one kind of error that crosses layers: how it is answered ([Kind]),
// why (a [login.Reason], which chooses the words), and a cause that stays inside.
//
// It does not answer anybody: pages and OAuth errors are made of it in platform/web, the
// words in domain/reasons.
package fault
