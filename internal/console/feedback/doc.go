// Package feedback is the page of the console that shows what people say of the help
// pages: how many were helped, by language and by the reason that had led them there, how
// that goes from week to week, and what some of them wrote, for leads.
//
// It does not own what is asked and what of it is kept (package help).
package feedback
