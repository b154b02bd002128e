// Package overview is the part of the support console that shows how logins go at the
// moment: by method, bank, browser, platform and version of the app, against the same
// time of other days, with what is wrong first, the alerts on top, and a day of each bank
// as a picture with its figures beside it.
//
// It decides nothing: what is usual and when there is an alert is package alerting's, what is
// counted package counts's. The public page without figures is the feature status.
package overview
