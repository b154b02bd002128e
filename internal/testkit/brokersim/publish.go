package brokersim

import (
	"net/http"
	"time"
)

// serveSignedJWKS publishes the keys, signed with the entity key.
func (s *Sim) serveSignedJWKS(w http.ResponseWriter, _ *http.Request) {
	s.record(Record{Endpoint: CalledSignedJWKS})
	const contentType = "application/jwk-set+jwt" // OpenID Federation 1.0 §5.2.1
	if s.trouble.take(StatementAsJWKS) {
		respond(w, http.StatusOK, contentType, s.keys.statement)
		return
	}
	now := s.config.Now()
	claims := map[string]any{
		"iss": s.config.BaseURL, "sub": s.config.BaseURL, "iat": now.Unix(), "keys": s.keys.published().Keys,
	}
	if life := s.rules.publication.life; life > 0 {
		claims["exp"] = now.Add(life).Unix()
	}
	if s.trouble.take(ExpiredSignedJWKS) {
		claims["iat"], claims["exp"] = now.Add(-48*time.Hour).Unix(), now.Add(-24*time.Hour).Unix()
	}
	key := s.keys.entitySigner()
	if s.trouble.take(WrongEntitySignature) {
		stranger, err := s.keys.strange()
		if err != nil {
			http.Error(w, "internal error", http.StatusInternalServerError)
			return
		}
		stranger.KeyID, key = key.KeyID, stranger
	}
	signed, err := signJSON(key, s.rules.publication.typ, claims)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	respond(w, http.StatusOK, contentType, signed)
}

func (s *Sim) serveJWKS(w http.ResponseWriter, _ *http.Request) {
	s.record(Record{Endpoint: CalledJWKS})
	respondJSON(w, http.StatusOK, s.keys.published())
}

func (s *Sim) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	s.record(Record{Endpoint: CalledDiscovery})
	respondJSON(w, http.StatusOK, s.providerMetadata())
}

func (s *Sim) serveStatement(w http.ResponseWriter, _ *http.Request) {
	s.record(Record{Endpoint: CalledStatement})
	respond(w, http.StatusOK, "application/entity-statement+jwt", s.keys.statement)
}

// providerMetadata is the discovery document, and what the entity statement says of the
// provider.
func (s *Sim) providerMetadata() map[string]any {
	e, m := s.Endpoints(), s.rules.publication.metadata(s)
	m["issuer"], m["authorization_endpoint"], m["token_endpoint"] = e.Issuer, e.Authorize, e.Token
	if e.JWKS != "" {
		m["jwks_uri"] = e.JWKS
	}
	if e.PAR != "" {
		m["pushed_authorization_request_endpoint"] = e.PAR
	}
	return m
}

// hostile is what a relying party must be able to show without harm.
func hostile(text string) string {
	return text + "\r\n" + `<script>alert(1)</script><a href="javascript:alert(2)">&amp;</a>"><img src=x onerror=alert(3)>`
}
