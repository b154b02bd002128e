// Package public is the folder of the pages that need no login: help (the article, and what
// to do when a login fails), news (notices, also as a feed) and status (how it goes).
//
// They only show. What notices there are is core/notices', how logins go is counted by
// core/counts.
package public
