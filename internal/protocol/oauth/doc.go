// Package oauth holds the words of the protocols that Avain speaks: OAuth 2.1,
// OpenID Connect, PAR, DPoP and their neighbours. It owns spelling, nothing else;
// behaviour lives in the features that use the words.
package oauth
