// Package alerting knows whether as many logins succeed as usual: of each method, bank,
// browser, platform and version of the app, now against the same time of other days. It
// raises an alert when clearly fewer do and ends it when they do again.
//
// An alert stands on what the service itself saw fail, of its own or of a broker's, and on
// how many different people met it. People who leave, or come back with an error, and
// phones and apps that do not do what they should, show in the rates of the staff and
// raise nothing: anybody can be many of them.
//
// It owns what is usual and what is clearly fewer; docs/decisions/0015-rates.md says why
// and what that finds. It counts nothing itself (package counts), shows nothing (the
// features status and console do) and sends nothing: it orders the messages in the
// transaction of the alert, and package webhook delivers them.
//
// Every node looks for itself at the counts of all. They may come to raise the same alert
// at once: the store lets one of them.
package alerting
