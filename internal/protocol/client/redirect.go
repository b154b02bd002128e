package client

import (
	"slices"
	"strings"

	"avain/internal/domain/login"
)

// MatchRedirect reports whether uri is one of the client's redirect URIs: the very
// same bytes. Nothing is parsed, decoded or normalised, because whatever we would
// read differently from a browser sends the code to an attacker (threat 14).
//
// The one exception is a native app's listener on the loopback address, which gets
// its port from the system (RFC 8252 §7.3): there any port matches.
func MatchRedirect(c login.Client, uri string) bool { return matchAny(c.RedirectURIs, uri) }

// MatchLogoutRedirect does the same for where to go after logging out.
func MatchLogoutRedirect(c login.Client, uri string) bool {
	return matchAny(c.PostLogoutRedirectURIs, uri)
}

func matchAny(known []string, uri string) bool {
	return slices.ContainsFunc(known, func(k string) bool { return k == uri || matchLoopback(k, uri) })
}

func matchLoopback(known, uri string) bool {
	host, rest, ok := cutLoopback(known)
	if !ok {
		return false
	}
	uriHost, uriRest, ok := cutLoopback(uri)
	return ok && uriHost == host && uriRest == rest
}

// cutLoopback cuts a loopback URI into its host and what follows the port. The name
// "localhost" is not among them: it is looked up, and may lead elsewhere.
func cutLoopback(uri string) (host, rest string, ok bool) {
	for _, host := range []string{"http://127.0.0.1", "http://[::1]"} {
		after, found := strings.CutPrefix(uri, host)
		if !found {
			continue
		}
		if port, hasPort := strings.CutPrefix(after, ":"); hasPort {
			end := len(port) - len(strings.TrimLeft(port, "0123456789"))
			if !validPort(port[:end]) {
				return "", "", false
			}
			after = port[end:]
		}
		// Whatever is not a path here is part of the host: 127.0.0.1.evil.example,
		// 127.0.0.1@evil.example.
		return host, after, strings.HasPrefix(after, "/")
	}
	return "", "", false
}

// validPort takes 1 to 65535, written in the one usual way.
func validPort(digits string) bool {
	if digits == "" || len(digits) > 5 || digits[0] == '0' {
		return false
	}
	number := 0
	for _, d := range digits {
		number = number*10 + int(d-'0')
	}
	return number <= 65535
}
