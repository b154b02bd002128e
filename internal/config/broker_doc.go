package config

// fieldDoc documents a field of package broker, which needs no documentation of a
// file's fields itself. A test sees to it that none is missing.
type fieldDoc struct {
	doc     string
	example string
}

// brokerDocs documents the fields of a broker by their paths.
func brokerDocs() map[string]fieldDoc {
	docs := map[string]fieldDoc{}
	for _, part := range []map[string]fieldDoc{registrationDocs(), keyDocs(), requestDocs(), answerDocs(), meansDocs()} {
		for path, doc := range part {
			docs["brokers."+path] = doc
		}
	}
	return docs
}

func registrationDocs() map[string]fieldDoc {
	return map[string]fieldDoc{
		"id":         {"Ours, never changed: it is part of the callback address that the broker has registered (/callback/ID). Small letters, digits and -.", ""},
		"preset":     {"The dialect: op, telia, idura, signicat or ingroupe. It fills what is not written here. Without one, everything must be written out.", "telia"},
		"name":       {"As people read it on pages.", "Telia Tunnistus"},
		"production": {"Whether real people come through it: then test levels, artificial identity codes and plain http are refused. Must be written, one way or the other and the same for all brokers, unless base_url is this machine.", "true"},
		"issuer":     {"The iss of its id_tokens, exactly.", "https://example.idura.broker"},
		"client_id":  {"Ours at the broker.", ""},

		"endpoints":               {"Its addresses. What is written out wins over what its discovery document says.", ""},
		"endpoints.discovery":     {"Address of its openid-configuration; empty: none.", "https://example.idura.broker/.well-known/openid-configuration"},
		"endpoints.authorization": {"Where people are sent.", "https://example.idura.broker/oauth2/authorize"},
		"endpoints.token":         {"Where we exchange its code.", "https://example.idura.broker/oauth2/token"},
		"endpoints.par":           {"Where we push requests, for transport: par.", "https://example.idura.broker/oauth2/par"},
		"endpoints.allowed_hosts": {"Hosts that its discovery document may lead us to, besides its own.", "[keys.example.com]"},

		"timeout":           {"How long one request to the broker may take.", "8s"},
		"skew":              {"How far its clock may be off from ours; at most 2m.", "30s"},
		"circuit":           {"When the broker counts as down, and the next one that serves the bank takes over.", ""},
		"circuit.failures":  {"Failures in a row.", "5"},
		"circuit.cool_down": {"Time until it is tried again; it doubles up to 5m.", "15s"},
	}
}

func keyDocs() map[string]fieldDoc {
	return map[string]fieldDoc{
		"broker_keys":                        {"The keys that the broker signs with: signed by its pinned entity key (OP, Telia), or a plain JWKS over TLS.", ""},
		"broker_keys.jwks_uri":               {"Plain JWKS.", "https://example.idura.broker/.well-known/jwks"},
		"broker_keys.signed_jwks_uri":        {"Signed JWKS; one of the two.", "https://tunnistus.telia.fi/openid_provider/signed_jwks.jwt"},
		"broker_keys.entity":                 {"The iss and sub of the signed JWKS; the issuer, when left out.", "https://tunnistus.telia.fi"},
		"broker_keys.entity_statement_file":  {"The pin, which the broker hands over by another way than its web site: its entity statement, as it was served,", "keys/telia-their-statement.jwt"},
		"broker_keys.statement_fingerprints": {"with the SHA-256 that this file must have, as the broker's guide prints it: hex, in any case;", "[E52C66B2A2CD1322087356D8E52D38853FC71135E31173610EA15F5E96835101]"},
		"broker_keys.entity_keys_file":       {"or its entity key as PEM, JWK or JWK set.", "keys/op-their-entity.pem"},
		"broker_keys.entity_key_thumbprints": {"Which of those keys are to be used: SHA-256 of the key (RFC 7638, or of the DER key), hex or base64url.", "[aBcD…]"},
		"broker_keys.types":                  {"Accepted typ of the signed JWKS; none: it may have none.", "[jwk-set+jwt]"},
		"broker_keys.cache_ttl":              {"How long keys are kept before they are fetched again; at most 24h.", "1h"},
		"broker_keys.refresh_every":          {"Least time between fetches that an unknown key id brings about.", "1m"},

		"our_keys":                   {"Our private keys for this broker, PEM or JWK. To change one: avain keys rotate ID/signing, and so on (docs/brokers.md).", ""},
		"our_keys.signing":           {"The first one signs, all are published.", ""},
		"our_keys.signing.file":      {"", ""},
		"our_keys.signing.kid":       {"Key id, when it is not the key's thumbprint.", "sig-2026"},
		"our_keys.decryption":        {"All decrypt, the first one is published.", ""},
		"our_keys.decryption.file":   {"", ""},
		"our_keys.decryption.kid":    {"Key id, when it is not the key's thumbprint.", "enc-2026"},
		"our_keys.entity":            {"Signs what we publish below /ftn/ID/ (OP, Telia).", ""},
		"our_keys.entity.file":       {"", "keys/telia-entity.pem"},
		"our_keys.entity.kid":        {"Key id, when it is not the key's thumbprint.", "entity-2026"},
		"our_keys.entity_id":         {"Our iss and sub there; the base_url, when left out.", "https://login.example.com"},
		"our_keys.organization_name": {"As agreed with the broker.", "Example Oy"},
		"our_keys.signed_jwks_ttl":   {"How long our signed JWKS is good.", "24h"},
		"our_keys.statement_file":    {"Our entity statement as it was handed to the broker: make it with avain keys statement. Without it, each start signs another one, with another date.", "keys/telia-our-statement.jwt"},
		"our_keys.statement_ttl":     {"How long a statement that we make is good; ten years, as in the brokers' examples.", "3650d"},
	}
}

func requestDocs() map[string]fieldDoc {
	return map[string]fieldDoc{
		"assertion":          {"How we prove who we are at its token endpoint (private_key_jwt).", ""},
		"assertion.audience": {"The aud; the token endpoint, when left out.", "https://example.idura.broker"},
		"assertion.ttl":      {"How long it is good.", "5m"},

		"request":                    {"Our signed request.", ""},
		"request.transport":          {"query, post, or par.", "query"},
		"request.outer_client_id":    {"Whether client_id stands beside the request object too.", "true"},
		"request.audience":           {"The aud of the request object; the issuer, when left out.", "https://example.idura.broker"},
		"request.ttl":                {"How long it is good.", "10m"},
		"request.pkce":               {"Whether it holds a PKCE challenge.", "true"},
		"request.scopes":             {"Scopes.", "[openid]"},
		"request.acr_values":         {"Levels of assurance, unless preselecting replaces them.", "[\"http://ftn.ficora.fi/2017/loa2\"]"},
		"request.outer_scope":        {"Whether scope and response_type do (OpenID Connect Core 6.1); on without a preset.", "true"},
		"request.prompt":             {"login: no answer from a session that the broker has with the browser; omit: nothing is sent. That the person was authenticated just now is checked in any case.", "login"},
		"request.max_age":            {"Seconds since the person was authenticated, as the broker is asked for it.", "0"},
		"request.extra_claims":       {"More claims, as agreed with the broker.", "{example_claim: value}"},
		"request.locales":            {"Our names of languages to its own.", "{fi: fi, sv: se, en: en}"},
		"request.preselect":          {"How the chosen bank is told: none, ftn_idp_id, acr_values, login_hint, or claim.", "acr_values"},
		"request.preselect_param":    {"Name of the claim, for preselect: claim.", "idp"},
		"request.service_name_claim": {"Claim for the name that the broker shows to people.", "ftn_spname"},
		"request.service_name":       {"That name per language, as agreed with the broker.", "{fi: SmartumPay, sv: SmartumPay, en: SmartumPay}"},
	}
}

func answerDocs() map[string]fieldDoc {
	return map[string]fieldDoc{
		"algorithms":                    {"What is believed; nothing else is ever tried.", ""},
		"algorithms.signature":          {"Signatures of id_token and signed JWKS.", "[RS256]"},
		"algorithms.key_encryption":     {"The alg of the encrypted id_token.", "[RSA-OAEP]"},
		"algorithms.content_encryption": {"The enc of the encrypted id_token.", "[A128CBC-HS256]"},
		"algorithms.request":            {"What we sign with.", "RS256"},

		"claims":                 {"In which claims of the id_token things stand; none: the broker does not send it.", ""},
		"claims.hetu":            {"Personal identity code.", "\"urn:oid:1.2.246.21\""},
		"claims.given_name":      {"Given name.", "given_name"},
		"claims.family_name":     {"Family name.", "family_name"},
		"claims.name":            {"Whole name.", "name"},
		"claims.level":           {"Level of assurance.", "acr"},
		"claims.auth_time":       {"When the person was authenticated: seconds since 1970, or ISO 8601.", "auth_time"},
		"accepted_levels":        {"Values of claims.level that are believed, where that is another claim than acr.", "[\"urn:grn:authn:fi:bank-id\", \"urn:grn:authn:fi:mobile-id\"]"},
		"accepted_acr":           {"Values of acr that are believed.", "[\"http://ftn.ficora.fi/2017/loa2\", \"http://ftn.ficora.fi/2017/loa3\"]"},
		"method_source":          {"Where the id_token names the bank that was used. That is recorded, whatever was chosen before; a name that nobody knows is recorded as unknown.", ""},
		"method_source.claim":    {"Claim, a string or a list. Without one the choice is recorded.", "amr"},
		"method_source.prefixes": {"What may stand before the name.", "[\"https://tunnistus.telia.fi/uas/saml2/names/ac/\"]"},
		"method_source.names":    {"Our ids for names that the claim reports: of banks that are chosen at the broker and have no button here.", "{fi-nordea: nordea}"},
		"hetu":                   {"Which identity codes are believed: production; artificial, for test people; lenient, for test beds with wrong check characters.", "production"},
		"errors":                 {"What its error codes mean; the rest are errors of the broker.", ""},
		"errors.cancelled":       {"The person cancelled.", "[access_denied, cancel]"},
		"errors.timed_out":       {"The person did not confirm in time.", "[timeout]"},
	}
}

func meansDocs() map[string]fieldDoc {
	return map[string]fieldDoc{
		"means":          {"The banks, and Mobile Certificate, that the broker serves; the presets know theirs. The same id under several brokers is one button, and the first broker that works serves it.", ""},
		"means.id":       {"Ours: small letters, digits and -.", ""},
		"means.kind":     {"bank or mobile.", "bank"},
		"means.name":     {"As people read it.", "Nordea"},
		"means.names":    {"The name in languages where it differs.", "{fi: Mobiilivarmenne, sv: Mobilcertifikat, en: Mobile Certificate}"},
		"means.logo":     {"Name of its picture in the folder brand.pictures.", "nordea.svg"},
		"means.value":    {"What preselects it at the broker.", "oidc.nordea.1"},
		"means.reported": {"How the id_token names it; what the preset knows, when left out.", "[oidc.nordea.1]"},
		"means.rank":     {"Which broker serves it first, when not the order of the file: the lowest.", "0"},

		"selector":            {"Texts and disturbance notices that the broker publishes.", ""},
		"selector.url":        {"OP: address of its bank list, without ?lang=.", "https://isb.op.fi/api/embedded-ui/CLIENT_ID"},
		"selector.outage_url": {"Telia: address of its notice.", "https://tunnistus.telia.fi/uas/resource/maintenance.txt"},
		"selector.ttl":        {"How long it is kept.", "5m"},
	}
}
