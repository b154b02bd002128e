package broker

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"avain/internal/domain/fault"
	"avain/internal/secret"
	"avain/internal/testkit/brokersim"
)

// No word that a callback's query can bring about is evidence, and what opens a circuit
// always is.
func TestThreat43WhatABrowserBringsIsNotSeen(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]bool{
		"token.timeout": true, "token.unreachable": true, "token.http_500": true, "token.http_503": true, "token.http_429": true,
		"token.http_401": true, "token.redirect": true, "token.format": true, "token.size": true, "token.no_id_token": true,
		"par.http_400": true, "par.request_uri": true, "discovery.issuer": true, "jwks.entity_statement_expired": true, "jwks.http_404": true,
		"circuit.open": true, "id_token.signature": true, "id_token.missing:hetu": true,
		"token.http_400": false, "token.http_403": false, "token.http_404": false, "token.cancelled": false, "request.cancelled": false,
		"id_token.nonce": false, "id_token.iat": false, "id_token.exp": false, "id_token.auth_time_stale": false,
		"means.unknown": false, "means.switched_off": false, "method.off_for_browser": false, "": false, "of.the_future": false,
	} {
		if got := Seen(word); got != want {
			t.Errorf("%q: %v, want %v", word, got, want)
		}
	}
	for _, a := range advices() {
		for _, word := range a.words {
			if strings.HasPrefix(word, "callback.") && Seen(word) {
				t.Errorf("%q comes from a browser", word)
			}
		}
	}
}

// Whatever the query of a callback says, the circuit stays as it is, and the failure is no
// evidence; a code that nobody made is answered by the broker, and none either.
func TestThreat43CallbacksOpenNoCircuit(t *testing.T) {
	t.Parallel()
	a := newAgainst(t, brokersim.OP, func(c *Config) { c.Circuit.Failures = 1 })
	state := secret.Of("a-state-of-this-browser")
	queries := []url.Values{{"code": {"nobody-made-this"}}, {"code": {""}}, {"error": {""}}, {"code": {strings.Repeat("A", maxCode)}}}
	for _, code := range append(knownErrors(), "cancel", "whatever") {
		queries = append(queries, url.Values{"error": {code}}, url.Values{"error": {code}, "iss": {"https://foreign.example"}})
	}
	for _, query := range queries {
		query.Set("state", state.Reveal())
		_, err := a.registry.Finish(t.Context(), Return{
			Broker: a.registry.brokers[0].config.ID, Means: "op", Query: query, State: state,
			Nonce: secret.Of("nonce"), Verifier: secret.Of(strings.Repeat("v", 43)), StartedAt: a.clock.Now(),
		})
		if err == nil || Seen(fault.AsError(err).Detail) {
			t.Errorf("%v is evidence: %v", query, err)
		}
	}
	if slices.ContainsFunc(a.registry.Brokers(), func(s Status) bool { return s.Circuit != CircuitClosed }) {
		t.Errorf("%+v", a.registry.Brokers())
	}
}
