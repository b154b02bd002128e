// Package browsersession binds a browser to the login attempts that it opens: a cookie
// with a random secret, and what is derived from it. A browser whose first tabs were
// opened at once has several.
//
// The secret never leaves the browser and this process. The database holds, per
// attempt, a hash derived from it, so that two rows do not show that they belong to
// one browser. Other values that only this browser may cause (the authorization
// code, upstream nonce and PKCE verifier) are derived from it by their features.
//
// It is not a log-in: the cookie says which browser this is, never who the person
// is. Sessions of apps (refresh tokens) are rows, see package token; the cookie for
// the language of pages lives in package web.
package browsersession
