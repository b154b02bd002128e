// Package news shows everybody what the notices have said: a page, what is on first and
// what is over below, and an Atom feed of the same for programs.
//
// It owns how notices read there. It does not own the notices, nor who is concerned by
// one (package notices): news are for everybody, and each says whom it is about.
package news
