package broker

import (
	"context"
	"encoding/json"
	"strings"
	"time"
)

// endpoints are a broker's addresses, from the configuration or from its discovery
// document.
type endpoints struct {
	authorization, token, par, jwks string
}

func (u *upstream) newDiscovery(life *lifetime) *cached[endpoints] {
	return &cached[endpoints]{
		life: life, now: u.now, fetch: u.discover, fresh: time.Hour, keep: oneDay, pause: time.Second,
	}
}

// endpoints answers at once when they are static.
func (u *upstream) endpoints(ctx context.Context) (endpoints, error) {
	if u.discovery == nil {
		return u.static(), nil
	}
	return u.discovery.get(ctx)
}

func (u *upstream) static() endpoints {
	c := u.config
	return endpoints{
		authorization: c.Endpoints.Authorization, token: c.Endpoints.Token, par: c.Endpoints.PAR, jwks: c.BrokerKeys.JWKSURI,
	}
}

// addresses is what a login needs of a discovery document (OpenID Connect Discovery §3,
// RFC 9126 §5).
type addresses struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	PAR           string `json:"pushed_authorization_request_endpoint"`
	JWKS          string `json:"jwks_uri"`
}

// discover reads openid-configuration. What the configuration says wins; a document
// of another issuer, or one that names a host which is not in the configuration, is
// refused as a whole.
func (u *upstream) discover(ctx context.Context) (endpoints, error) {
	raw, err := u.document(ctx, "discovery", u.config.Endpoints.Discovery, "application/json", maxMetadata)
	if err != nil {
		return endpoints{}, err
	}
	var doc addresses
	if err := json.Unmarshal(raw, &doc); err != nil {
		return endpoints{}, &brokerError{word: "discovery.format", down: true}
	}
	// RFC 8414 §3.3: or one issuer could pass its endpoints off as another's (mix-up).
	if doc.Issuer != u.config.Issuer {
		return endpoints{}, &brokerError{word: "discovery.issuer", down: true}
	}
	found := u.static()
	orText(&found.authorization, doc.Authorization)
	orText(&found.token, doc.Token)
	orText(&found.par, doc.PAR)
	orText(&found.jwks, doc.JWKS)
	for _, target := range []string{found.authorization, found.token, found.par, found.jwks} {
		if target != "" && (!u.out.allows(target) || strings.ContainsAny(target, "#\r\n")) {
			return endpoints{}, &brokerError{word: "discovery.host", down: true}
		}
	}
	if found.authorization == "" || found.token == "" {
		return endpoints{}, &brokerError{word: "discovery.incomplete", down: true}
	}
	return found, nil
}

// document fetches one document and reports how that went.
func (u *upstream) document(ctx context.Context, step, uri, accept string, most int64) ([]byte, error) {
	began := u.now()
	got, err := u.out.get(ctx, uri, accept, most)
	word, down := trouble(got, err)
	u.observe(step, word, u.now().Sub(began))
	if word != "" {
		f := &brokerError{word: step + "." + word, down: down, err: err}
		u.log.Warn("broker document not fetched", "detail", f.word, "error", f)
		return nil, f
	}
	return got.body, nil
}
