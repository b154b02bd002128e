package broker

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
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
	raw, err := u.document(ctx, "discovery", address, "application/json", maxMetadata)
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
		t.failed(about, &brokerError{word: "discovery.format"})
		return
	}
	t.compareIssuer(about, doc)
	t.compareEndpoints(about, doc)
	t.compareAbilities(about, doc)
}

// list is a list of words; anything else in its place says nothing.
type list []string

// UnmarshalJSON reads a list.
func (l *list) UnmarshalJSON(raw []byte) error {
	var words []string
	if json.Unmarshal(raw, &words) == nil {
		*l = words
	}
	return nil
}

// metadata is a broker's discovery document, as far as it is compared (OpenID Connect
// Discovery §3, RFC 8414 §2, RFC 9101 §4, RFC 9126 §5). A login reads the addresses alone:
// a mistake in the rest keeps nobody out.
type metadata struct {
	addresses

	RequestParameter *bool `json:"request_parameter_supported"`
	RequirePAR       bool  `json:"require_pushed_authorization_requests"`

	Scopes        list `json:"scopes_supported"`
	ACRValues     list `json:"acr_values_supported"`
	Prompts       list `json:"prompt_values_supported"`
	Challenges    list `json:"code_challenge_methods_supported"`
	ClientAuth    list `json:"token_endpoint_auth_methods_supported"`
	AssertionAlgs list `json:"token_endpoint_auth_signing_alg_values_supported"`
	RequestAlgs   list `json:"request_object_signing_alg_values_supported"`
	IDTokenAlgs   list `json:"id_token_signing_alg_values_supported"`
	IDTokenKeys   list `json:"id_token_encryption_alg_values_supported"`
	IDTokenEncs   list `json:"id_token_encryption_enc_values_supported"`
}

// compareIssuer: metadata of another issuer ends every login where it is used.
func (t *SetupTest) compareIssuer(about string, doc metadata) {
	c := t.u.config
	if doc.Issuer == c.Issuer {
		return
	}
	f := failure(about, &brokerError{word: "discovery.issuer", err: fmt.Errorf("it says %q, the configuration %q", doc.Issuer, c.Issuer)})
	if c.Endpoints.Discovery == "" {
		f.Verdict = VerdictNote
	}
	t.Report.Findings = append(t.Report.Findings, f)
	t.remedyIssuer(doc.Issuer)
}

// compareEndpoints: addresses of the configuration win over those of the metadata, so
// that another one there is worth knowing, and keeps nobody out by itself.
func (t *SetupTest) compareEndpoints(about string, doc metadata) {
	c := t.u.config
	for _, pair := range []struct{ setting, theirs, ours string }{
		{"endpoints.authorization", doc.Authorization, c.Endpoints.Authorization},
		{"endpoints.token", doc.Token, c.Endpoints.Token},
		{"endpoints.par", doc.PAR, c.Endpoints.PAR},
		{"broker_keys.jwks_uri", doc.JWKS, c.BrokerKeys.JWKSURI},
	} {
		switch {
		case pair.theirs == "" || pair.ours == "" || (pair.setting == "endpoints.par" && c.Request.Transport != TransportPAR):
		case pair.theirs == pair.ours:
			t.add(about, VerdictOK, "%s is %s", pair.setting, pair.ours)
		default:
			t.Report.Findings = append(t.Report.Findings, Finding{
				About: about, Verdict: VerdictNote, Text: fmt.Sprintf("it says %q, the configuration has %s: %s", pair.theirs, pair.setting, pair.ours),
				Do: "correct the configuration, or ask the broker which of them is right",
			})
			if u, err := url.Parse(pair.theirs); err == nil && u.Scheme == "https" {
				t.remedy(pair.setting, pair.theirs, ifGuideShowsIt)
			}
		}
	}
}

// compareAbilities looks for what we need in the lists of what the broker can do. A list
// that is not there says nothing.
func (t *SetupTest) compareAbilities(about string, doc metadata) {
	c := t.u.config
	for _, need := range []struct {
		name    string
		theirs  list
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
			t.Report.Findings = append(t.Report.Findings, Finding{
				About: about, Verdict: need.verdict, Text: fmt.Sprintf("%s is %q, without %s", need.name, strings.Join(need.theirs, " "), strings.Join(missing, " ")),
				Do: "ask the broker; the metadata may be older than the service",
			})
		}
	}
	if doc.RequestParameter != nil && !*doc.RequestParameter && c.Request.Transport != TransportPAR {
		t.wrong(about, "it takes no request object (request_parameter_supported is false)", "try request.transport: par, or ask the broker")
	}
	if doc.RequirePAR && c.Request.Transport != TransportPAR {
		t.wrong(about, "it takes pushed requests only (require_pushed_authorization_requests)", "set request.transport: par")
		t.remedy("request.transport", string(TransportPAR), "")
	}
}

func (t *SetupTest) challenges() []string {
	if *t.u.config.Request.PKCE {
		return []string{"S256"}
	}
	return nil
}
