// Package home is the web page of a person: signing in to it, the page that says that
// the benefits are active, and signing out.
//
// Our own pages are a client like any other, only that it lives in this process: the
// sign-in is an attempt whose code is redeemed here, and the session is a row beside
// those of the apps, with a short life and a cookie for its secret. How the person
// proves who they are is the feature bank; what the QR codes of the page do, the
// feature qr.
package home
