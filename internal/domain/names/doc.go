// Package names compares the names of people: it takes words of a name apart, folds them as
// far as two writings of one name differ, and says whether two names can be one human's.
//
// It owns folding and agreement. It does not own how a name is cleaned to be shown (package
// shown), nor what follows when two names do not agree (package people).
package names
