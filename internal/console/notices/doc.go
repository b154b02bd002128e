// Package notices is the part of the console where leads write notices: what people are
// told, whom it concerns and what it does for them, with a preview of the words in every
// language and of who will see them.
//
// It owns the form. It does not own what may be published, nor whom a notice concerns
// (package notices).
package notices
