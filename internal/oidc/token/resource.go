package token

import (
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/protocol/oauth"
)

// reachable checks the resource that a token request names: one of the client's own.
func reachable(c call) error {
	if resource := c.params.Get("resource"); resource != "" && !c.client.MayReach(resource) {
		return fault.BadParam("resource", "is not a resource of this client").WithCode(oauth.InvalidTarget)
	}
	return nil
}

// aimed is the session as this one access token shows it: for the resource that the
// request names, else for that of the login, else for ourselves. A login for one resource
// gives no token for another (RFC 8707 §2.2).
func aimed(s login.Session, c call) (login.Session, error) {
	asked := c.params.Get("resource")
	if asked == "" {
		return s, nil
	}
	if s.Resource != "" && s.Resource != asked {
		return s, fault.BadParam("resource", "is not the one of this login").WithCode(oauth.InvalidTarget)
	}
	s.Resource = asked
	return s, nil
}
