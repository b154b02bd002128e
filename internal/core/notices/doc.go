// Package notices is the board of news: who is told what from when to when, and what a
// notice does for the people concerned while it is shown, such as putting the login link
// first for Opera on Android. It is the fix that needs no update of any app.
//
// It owns the matching of an audience, what may be published, and the notices that the
// service writes by itself: a broker's disturbance text and a broker that cannot be
// reached are notices for as long as they last, for all nodes.
//
// Every node keeps what it has read for ten seconds, like the switches of package availability;
// when the database is away, the last known notices hold. Who looks says so themselves
// (package web guesses it from the request), so a notice chooses what is shown, and may
// refuse a method; it never opens what a switch has closed.
//
// It does not own the pages and the feed (package news), nor what the switches say
// (package availability, which asks [Board.Arrange]).
package notices
