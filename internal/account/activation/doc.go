// Package activation is where an invitation is accepted: the page that the link of its
// mail leads to, and the mails themselves.
//
// It owns what the page shows by the state of the invitation, the acceptance of the
// terms, and the jobs that write to people. It does not own who the human is and what
// their proof changes (packages bank and people), the sign-in that follows (feature
// me), nor how a letter leaves (package mail).
package activation
