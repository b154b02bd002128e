// Package authorize is where a login begins and where its code goes out: /par,
// /authorize and the page of an attempt, /login/{id}.
//
// It owns the checks that a request must pass under its client's profile, and the
// dispatcher: every step of a login, whichever feature it belongs to, comes back to
// [Feature.Continue], which reads the attempt's state and decides what is next. Steps
// never route to each other, so a reload, a second click or a restart of the server
// ends up at the right place.
//
// It does not own how a person proves who they are (the feature bank), what may
// happen to an attempt (package attempt) or tokens (the feature token).
package authorize
