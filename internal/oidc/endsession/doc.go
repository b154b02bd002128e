// Package endsession ends the session of an app from a browser (OpenID Connect
// RP-Initiated Logout 1.0).
//
// There is no browser session that could log an app in again by itself: every login
// authenticates the person afresh. So logging out means ending the one session that
// the ID token names; without one, ending what the browser itself holds, which is the
// person's own pages (package home), after asking. Apps that hold a refresh token end it at /revoke (package
// token).
package endsession
