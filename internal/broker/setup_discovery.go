package broker

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// checkDiscovery compares what the broker publishes of itself with the configuration. A
// broker that we know the endpoints of is asked all the same; OP has removed its
// document, and its entity statement must not be fetched by program.
func (t *SetupTest) checkDiscovery(ctx context.Context) {
	const about = "the broker's metadata"
	u := t.u
	address := u.config.Endpoints.Discovery
	if address == "" {
		if u.config.Preset != PresetTelia && u.config.Preset != PresetIdura {
			return
		}
		address = u.config.Issuer + "/.well-known/openid-configuration"
	}
	raw, err := u.document(ctx, "discovery", address, "application/json", mostMetadata)
	if err != nil {
		if u.config.Endpoints.Discovery == "" {
			t.add(about, VerdictNote, "not to be had at %s (%s): the preset's addresses are used", address, detailOf(err))
			return
		}
		t.failed(about, err)
		return
	}
	var doc metadata
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.failed(about, &fault{word: "discovery.format"})
		return
	}
	t.compareEndpoints(about, doc)
	t.compareAbilities(about, doc)
}

// metadata is a broker's discovery document, as far as it is compared (OpenID Connect
// Discovery §3, RFC 8414 §2, RFC 9101 §4, RFC 9126 §5).
type metadata struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	PAR           string `json:"pushed_authorization_request_endpoint"`
	JWKS          string `json:"jwks_uri"`

	RequestParameter *bool `json:"request_parameter_supported"`
	RequirePAR       bool  `json:"require_pushed_authorization_requests"`

	Scopes        []string `json:"scopes_supported"`
	ACRValues     []string `json:"acr_values_supported"`
	Prompts       []string `json:"prompt_values_supported"`
	Locales       []string `json:"ui_locales_supported"`
	Challenges    []string `json:"code_challenge_methods_supported"`
	ClientAuth    []string `json:"token_endpoint_auth_methods_supported"`
	AssertionAlgs []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	RequestAlgs   []string `json:"request_object_signing_alg_values_supported"`
	IDTokenAlgs   []string `json:"id_token_signing_alg_values_supported"`
	IDTokenKeys   []string `json:"id_token_encryption_alg_values_supported"`
	IDTokenEncs   []string `json:"id_token_encryption_enc_values_supported"`
}

func (t *SetupTest) compareEndpoints(about string, doc metadata) {
	c := t.u.config
	if doc.Issuer != c.Issuer {
		t.failed(about, &fault{word: "discovery.issuer", err: fmt.Errorf("it says %s, the configuration %s", doc.Issuer, c.Issuer)})
		t.mend("issuer: " + doc.Issuer)
	}
	for _, pair := range []struct{ name, theirs, ours string }{
		{"authorization", doc.Authorization, c.Endpoints.Authorization},
		{"token", doc.Token, c.Endpoints.Token},
		{"par", doc.PAR, c.Endpoints.PAR},
	} {
		switch {
		case pair.theirs == "" || pair.ours == "" || (pair.name == "par" && c.Request.Transport != TransportPAR):
		case pair.theirs == pair.ours:
			t.add(about, VerdictOK, "%s endpoint %s", pair.name, pair.ours)
		default:
			t.add(about, VerdictFailed, "%s endpoint is %s, the configuration has %s", pair.name, pair.theirs, pair.ours)
			t.mend("endpoints:", fmt.Sprintf("  %s: %s", pair.name, pair.theirs))
		}
	}
	if ours := c.BrokerKeys.JWKSURI; ours != "" && doc.JWKS != "" && doc.JWKS != ours {
		t.add(about, VerdictFailed, "jwks_uri is %s, the configuration has %s", doc.JWKS, ours)
		t.mend("broker_keys:", "  jwks_uri: "+doc.JWKS)
	}
}

// compareAbilities looks for what we need in the lists of what the broker can do. A list
// that is not there says nothing.
func (t *SetupTest) compareAbilities(about string, doc metadata) {
	c := t.u.config
	for _, need := range []struct {
		name    string
		theirs  []string
		ours    []string
		any     bool    // one of ours is enough
		verdict Verdict // when it is not there
	}{
		{"token_endpoint_auth_methods_supported", doc.ClientAuth, []string{"private_key_jwt"}, false, VerdictFailed},
		{"token_endpoint_auth_signing_alg_values_supported", doc.AssertionAlgs, []string{c.Algorithms.Request}, false, VerdictFailed},
		{"request_object_signing_alg_values_supported", doc.RequestAlgs, []string{c.Algorithms.Request}, false, VerdictFailed},
		{"id_token_signing_alg_values_supported", doc.IDTokenAlgs, c.Algorithms.Signature, true, VerdictFailed},
		{"id_token_encryption_alg_values_supported", doc.IDTokenKeys, c.Algorithms.KeyEncryption, true, VerdictFailed},
		{"id_token_encryption_enc_values_supported", doc.IDTokenEncs, c.Algorithms.ContentEncryption, true, VerdictFailed},
		{"scopes_supported", doc.Scopes, c.Request.Scopes, false, VerdictNote},
		{"acr_values_supported", doc.ACRValues, c.Request.ACRValues, false, VerdictNote},
		{"prompt_values_supported", doc.Prompts, strings.Fields(c.Request.Prompt), false, VerdictNote},
		{"code_challenge_methods_supported", doc.Challenges, t.challenges(), false, VerdictNote},
	} {
		missing := slices.DeleteFunc(slices.Clone(need.ours), func(one string) bool { return slices.Contains(need.theirs, one) })
		switch {
		case len(need.theirs) == 0 || len(need.ours) == 0:
		case len(missing) == 0, need.any && len(missing) < len(need.ours):
			t.add(about, VerdictOK, "%s has ours", need.name)
		default:
			t.add(about, need.verdict, "%s is %s, without %s", need.name, strings.Join(need.theirs, " "), strings.Join(missing, " "))
		}
	}
	if doc.RequestParameter != nil && !*doc.RequestParameter && c.Request.Transport != TransportPAR {
		t.add(about, VerdictFailed, "it takes no request object (request_parameter_supported is false)")
	}
	if doc.RequirePAR && c.Request.Transport != TransportPAR {
		t.add(about, VerdictFailed, "it takes pushed requests only (require_pushed_authorization_requests)")
		t.mend("request:", "  transport: par")
	}
}

func (t *SetupTest) challenges() []string {
	if *t.u.config.Request.PKCE {
		return []string{"S256"}
	}
	return nil
}
