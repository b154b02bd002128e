// Package link is the way in through any browser: the login link, the page on
// which the person confirms whom they let in, and the page for a browser that cannot
// return to the app, with its six digits.
//
// The confirm page also rescues a direct login whose redirect was lost. How the
// person proves who they are is the feature bank; what the attempt may do, package
// attempt; how the app brings the digits back, the feature firstparty.
package link
