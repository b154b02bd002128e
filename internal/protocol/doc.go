// Package protocol is the folder of the protocols' own rules, as their documents have them:
// oauth (words and errors), client (who a client is and how it proves it), dpop (RFC 9449),
// jws (RFC 7515, with what we refuse) and signing (the keys that sign our tokens).
//
// It knows no end point, no page and no attempt.
package protocol
