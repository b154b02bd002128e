// Package password serves the web pages of Smartum credentials: signing in with a
// user name and a password, ordering a new password, and setting it.
//
// It owns the pages, what they say to whom, and the letters about passwords. It does not
// own what a right password is and how often may be tried (package people), how it is
// hashed (package passhash), or the same login from the app (package firstparty).
package password
