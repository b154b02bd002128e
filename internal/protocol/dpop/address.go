package dpop

import (
	"net/url"
	"strings"
)

// sameAddress compares a proof's htu with the address of the request, without
// query and fragment, normalised as RFC 9449 §4.3 asks (RFC 3986 §6.2.2, §6.2.3):
// scheme and host in any case, the default port present or not, an empty path or
// "/". Paths are compared as they are written: ours need no percent-encoding, and
// whoever decodes them invites a second reading of the same text.
func sameAddress(htu, address string) bool {
	if htu == address {
		return htu != ""
	}
	a, okA := splitAddress(htu)
	b, okB := splitAddress(address)
	return okA && okB && a == b
}

type address struct{ scheme, host, port, path string }

func splitAddress(s string) (address, bool) {
	u, err := url.Parse(s)
	if err != nil || u.User != nil || u.Opaque != "" || u.Hostname() == "" {
		return address{}, false
	}
	a := address{scheme: u.Scheme, host: strings.ToLower(u.Hostname()), port: u.Port(), path: u.EscapedPath()}
	switch {
	case a.scheme == "https" && a.port == "":
		a.port = "443"
	case a.scheme == "http" && a.port == "":
		a.port = "80"
	case a.scheme != "https" && a.scheme != "http":
		return address{}, false
	}
	if a.path == "" {
		a.path = "/"
	}
	return a, true
}
