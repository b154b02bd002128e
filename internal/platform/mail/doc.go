// Package mail writes the service's letters and hands them to a mail server.
//
// It owns the words of every letter in Finnish, Swedish and English, their HTML and
// text parts, the headers, one SMTP conversation per letter, what the server's
// refusals mean, and the reading of bounces. A letter goes to one person, shows
// nothing from the network, counts nothing, and links only to the service's own
// address, which comes from the configuration and never from a request.
//
// It does not decide who gets a letter or when, and it does not try again: package
// jobs does, and tells from [Permanent] whether trying again makes sense. Features
// make the links that letters carry.
package mail
