package brokersim

import (
	"net/http"
	"strings"
	"time"
)

// serveSignedJWKS publishes the signing keys, signed with the entity key.
func (s *Sim) serveSignedJWKS(w http.ResponseWriter, _ *http.Request) {
	s.record(Record{Endpoint: CalledSignedJWKS})
	now := s.config.Now()
	issued, expires := now, now.Add(signedJWKSLife)
	if s.trouble.take(ExpiredSignedJWKS) {
		issued, expires = now.Add(-48*time.Hour), now.Add(-24*time.Hour)
	}
	key := s.keys.entity
	if s.trouble.take(WrongEntitySignature) {
		stranger, err := s.keys.strange()
		if err != nil {
			http.Error(w, "internal error", http.StatusInternalServerError)
			return
		}
		stranger.KeyID, key = key.KeyID, stranger
	}
	signed, err := signJSON(key, "jwk-set+jwt", map[string]any{
		"iss": s.config.BaseURL, "sub": s.config.BaseURL,
		"iat": issued.Unix(), "exp": expires.Unix(), "keys": s.keys.published().Keys,
	})
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	respond(w, http.StatusOK, "application/jwk-set+jwt", signed)
}

func (s *Sim) serveJWKS(w http.ResponseWriter, _ *http.Request) {
	s.record(Record{Endpoint: CalledJWKS})
	respondJSON(w, http.StatusOK, s.keys.published())
}

func (s *Sim) serveStatement(w http.ResponseWriter, _ *http.Request) {
	s.record(Record{Endpoint: CalledStatement})
	respond(w, http.StatusOK, "application/entity-statement+jwt", s.keys.statement)
}

func (s *Sim) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	s.record(Record{Endpoint: CalledDiscovery})
	respondJSON(w, http.StatusOK, s.providerMetadata())
}

// providerMetadata is the discovery document. Telia's lists algorithms that a careful
// relying party refuses all the same; so does this one.
func (s *Sim) providerMetadata() map[string]any {
	e := s.Endpoints()
	m := map[string]any{
		"issuer": e.Issuer, "authorization_endpoint": e.Authorize, "token_endpoint": e.Token,
		"response_types_supported": []string{"code"}, "grant_types_supported": []string{"authorization_code"},
		"subject_types_supported":                          []string{"public"},
		"request_parameter_supported":                      true,
		"request_object_signing_alg_values_supported":      []string{"RS256", "HS256"},
		"id_token_signing_alg_values_supported":            []string{"RS256", "HS256"},
		"id_token_encryption_alg_values_supported":         []string{"RSA-OAEP", "RSA1_5", "A128KW"},
		"id_token_encryption_enc_values_supported":         []string{"A128GCM", "A128CBC-HS256"},
		"token_endpoint_auth_methods_supported":            []string{"private_key_jwt"},
		"token_endpoint_auth_signing_alg_values_supported": []string{"RS256", "HS256"},
		"scopes_supported":                                 []string{"openid", "userinfo"},
		"ui_locales_supported":                             []string{"fi", "sv", "en"},
	}
	if s.config.Dialect == OP {
		m["scopes_supported"] = []string{"openid", "profile", "personal_identity_code", "weak", "strong"}
		m["userinfo_endpoint"] = e.Profile
		return m
	}
	m["jwks_uri"] = e.JWKS
	m["code_challenge_methods_supported"] = []string{"S256"}
	methods := append([]string(nil), levels...)
	for _, b := range s.config.Banks {
		methods = append(methods, s.methodURI(b))
	}
	m["acr_values_supported"] = methods
	return m
}

type identityProvider struct {
	Name     string `json:"name"`
	ImageURL string `json:"imageUrl"`
	FTNIdpID string `json:"ftn_idp_id"`
}

// serveSelector is OP's list of banks with the texts that must be shown beside it.
func (s *Sim) serveSelector(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("client") != s.registered().client.ID || s.registered().client.ID == "" {
		s.record(Record{Endpoint: CalledSelector, Reason: ClientUnknown, Detail: "no such client"})
		respondJSON(w, http.StatusNotFound, map[string]any{"statusCode": 404, "error": "Not Found", "message": "Service provider not found"})
		return
	}
	s.record(Record{Endpoint: CalledSelector})
	lang := r.URL.Query().Get("lang")
	if !isLang(lang) {
		lang = "fi"
	}
	say := func(key string) string { return s.pages.text(lang, key) }
	if s.trouble.take(HostileTexts) {
		say = func(key string) string { return hostile(s.pages.text(lang, key)) }
	}
	banks := make([]identityProvider, 0, len(s.config.Banks))
	for _, b := range s.config.Banks {
		banks = append(banks, identityProvider{b.NameIn(lang), s.config.BaseURL + pathLogo + b.ID + ".svg", b.FTNIdpID()})
	}
	answer := map[string]any{
		"identityProviders": banks,
		"isbProviderInfo":   say("broker-info"), "isbConsent": say("broker-consent"),
		"privacyNoticeText": say("privacy-link"), "privacyNoticeLink": s.config.BaseURL + pathPrivacy + "?lang=" + lang,
	}
	if s.trouble.take(Disturbance) {
		answer["disturbanceInfo"] = map[string]string{"header": say("disturbance-header"), "text": say("disturbance-text")}
	}
	respondJSON(w, http.StatusOK, answer)
}

// hostile is what a relying party must be able to show without harm.
func hostile(text string) string {
	return text + "\r\n" + `<script>alert(1)</script><a href="javascript:alert(2)">&amp;</a>"><img src=x onerror=alert(3)>`
}

// serveOutage is Telia's outage text: fi|sv|en, empty when all is well.
func (s *Sim) serveOutage(w http.ResponseWriter, _ *http.Request) {
	s.record(Record{Endpoint: CalledOutage})
	isHostile, isDisturbed := s.trouble.take(HostileTexts), s.trouble.take(Disturbance)
	var texts []string
	if isHostile || isDisturbed {
		for _, lang := range languages() {
			text := s.pages.text(lang, "disturbance-text")
			if isHostile {
				text = hostile(text)
			}
			texts = append(texts, text)
		}
	}
	respond(w, http.StatusOK, "text/plain; charset=utf-8", strings.Join(texts, "|"))
}
