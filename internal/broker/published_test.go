package broker

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"
)

// publishedToken is an id_token as a broker publishes it. The claims are written out as they
// stand there, person and all, because the form is the point; what belongs to one login
// (issuer, audience, nonce, times) is put in by [publishedToken.at]. All people are the
// brokers' test people.
type publishedToken struct {
	source string // where it is published
	preset Preset
	header map[string]any // of the signed token inside
	claims string         // JSON
	life   time.Duration  // exp - iat, as published

	verdict string       // Detail of the refusal; empty: a login
	reason  login.Reason // of the refusal
	means   string       // recorded, when "chosen" had been chosen here
	level   string       // recorded
	name    string       // shown
}

// publishedTokens are the id_tokens that the brokers' own material shows, and what must
// come of each. None of them was made by us.
func publishedTokens() []publishedToken {
	const (
		op    = `"sub":"59cc74ea-40d7-4000-85c6-e5f7c2e14205","acr":"http://ftn.ficora.fi/2017/loatest2","birthdate":"1900-01-01","personal_identity_code":"010100-969P"`
		telia = `"sub":"2BY5CDNFBEOSUFSKNGFSY4Y3DZISGL4I","session_index":"_cb08aaa8c860fed8c798aac35885f4004fe15bb5",` +
			`"urn:oid:1.3.6.1.5.5.7.9.1":"1970-01-01","urn:oid:1.2.246.21":"010170-999R","urn:oid:2.5.4.4":"Äyrämö",` +
			`"urn:oid:1.2.246.575.1.14":"Tero Testi","urn:oid:2.16.840.1.113730.3.1.241":"Tero Testi Äyrämö",` +
			`"bank-tupasid":"Aktia-saastopankit-paikallisosuuspankit-tupasid"`
		teliaAktia = telia + `,"acr":"http://ftn.ficora.fi/2017/loatest2","amr":["https://tunnistus-pp.telia.fi/uas/saml2/names/ac/oidc.aktia.1"]`
		idura      = `"identityscheme":"fitupas","nameidentifier":"5b81315c3ba946f2a68301c1cf8b199c","sub":"{5b81315c-3ba9-46f2-a683-01c1cf8b199c}",` +
			`"sessionindex":"06f44db0-d5d5-4a58-9295-4e6b8b4dbebb","name":"Tero Testi Äyrämö","country":"FI","givenname":"Tero Testi","given_name":"Tero Testi",` +
			`"surname":"Äyrämö","family_name":"Äyrämö","dateofbirth":"1970-01-01","birthdate":"1970-01-01","gender":"Male","hetu":"010170-999R"`
		iduraAktia = idura + `,"authenticationtype":"urn:grn:authn:fi:bank-id","authenticationmethod":"https://tunnistus-pp.telia.fi/uas/saml2/names/ac/oidc.aktia.1"`
		iduraPage  = `"identityscheme":"fitupas","nameidentifier":"788eb5abb2f84c0994a4d359f416f7ca","sub":"{788eb5ab-b2f8-4c09-94a4-d359f416f7ca}",` +
			`"name":"_19cfbd642c4a82b08613b841caf0e153c5956c14","country":"FI","given_name":"Väinö","family_name":"Tunnistus","birthdate":"1970-07-07","satu":"","hetu":"070770-905D"`
		signicat = `"sub":"2uwfL96EEeJCQSqGbrWwTr5S3sCK9SibSlv2-EAf7A8=","idp":"ftn"`
		person   = `"name":"Väinö Tunnistus","family_name":"Tunnistus","given_name":"Väinö","birthdate":"1970-07-07"`
		extra    = `"nin":"070770-905D","nin_type":"PERSON","nin_issuing_country":"FI","ftn_idp":"fi-op","ftn_hetu":"070770-905D"`
		ingroupe = `"sub":"x","acr":"urn:eident:cert:eidas:high","given_name":"Väinö","family_name":"Tunnistus","name":"Väinö Tunnistus","birthdate":"07.07.1970"`
	)
	lacks, kid := login.ReasonBrokerClaimMissing, map[string]any{"typ": "JWT", "alg": "RS256", "kid": "b1"}
	return []publishedToken{
		{
			source: "OP README §9, example", preset: PresetOP, header: map[string]any{"kid": "b1"}, life: 600 * time.Second,
			claims: op + `,"name":"von Möttonen Matti Matias","given_name":"Matti Matias","family_name":"von Möttonen","auth_time":AUTH`,
			means:  "chosen", level: loaTestSubstantial, name: "Matti Matias von Möttonen",
		},
		{
			source: "OP README §9: not all sources have the names apart", preset: PresetOP, header: map[string]any{"kid": "b1"}, life: 600 * time.Second,
			claims: op + `,"name":"von Möttonen Matti Matias","auth_time":AUTH`,
			means:  "chosen", level: loaTestSubstantial, name: "von Möttonen Matti Matias",
		},
		{
			source: "Telia guide 2.36 §2.6.4, sample", preset: PresetTelia, header: kid, life: 599 * time.Second,
			claims: teliaAktia + `,"auth_time":AUTH`, means: "aktia", level: loaTestSubstantial, name: "Tero Testi Äyrämö",
		},
		{
			source: "the same without kid, as the guide's other samples", preset: PresetTelia, header: map[string]any{"typ": "JWT", "alg": "RS256"}, life: 599 * time.Second,
			claims: teliaAktia + `,"auth_time":AUTH`, means: "aktia", level: loaTestSubstantial, name: "Tero Testi Äyrämö",
		},
		{
			source: "Telia guide §2.4.3: Hightrust.id, new in the list", preset: PresetTelia, header: kid, life: 599 * time.Second,
			claims: strings.Replace(teliaAktia, "oidc.aktia.1", "oidc.hightrust.id.1", 1) + `,"auth_time":AUTH`,
			means:  "hightrust", level: loaTestSubstantial, name: "Tero Testi Äyrämö",
		},
		{
			source: "Telia guide §2.4.3: Mobiilivarmenne emulator, a method that we do not know", preset: PresetTelia, header: kid, life: 599 * time.Second,
			claims: strings.Replace(teliaAktia, "oidc.aktia.1", "mpki.telia.emulator.1", 1) + `,"auth_time":AUTH`,
			means:  login.MeansUnknown, level: loaTestSubstantial, name: "Tero Testi Äyrämö",
		},
		{
			source: "Telia guide §2.4.3: identity card, a method that we do not know", preset: PresetTelia, header: kid, life: 599 * time.Second,
			claims: strings.Replace(teliaAktia, "oidc.aktia.1", "pki.hst.1", 1) + `,"auth_time":AUTH`,
			means:  login.MeansUnknown, level: loaTestSubstantial, name: "Tero Testi Äyrämö",
		},
		{
			source: "Telia guide §2.6.5: a foreign method has neither acr nor a Finnish code", preset: PresetTelia, header: kid, life: 599 * time.Second,
			claims: `"sub":"x","urn:oid:2.5.4.4":"Å","urn:oid:1.2.246.575.1.14":"B","amr":["https://tunnistus-pp.telia.fi/uas/saml2/names/ac/oidc.sk.1"],` +
				`"http://eidas.europa.eu/attributes/naturalperson/PersonIdentifier":"EE/FI/1","auth_time":AUTH`,
			verdict: "id_token.missing:acr", reason: lacks,
		},
		{
			source: "Idura, src/JwtViewer/samples.ts, recorded 2022-11-30", preset: PresetIdura, life: 1200 * time.Second,
			header: map[string]any{"typ": "JWT", "alg": "RS256", "kid": "b1"},
			claims: iduraAktia + `,"authenticationinstant":INSTANT,"nbf":IAT`, means: "aktia", level: iduraBank, name: "Tero Testi Äyrämö",
		},
		{
			source: "Idura, FTN page, with what the page leaves out: an opaque name", preset: PresetIdura, header: kid, life: 1200 * time.Second,
			claims: iduraPage + `,"authenticationtype":"urn:grn:authn:fi:bank-id","authenticationmethod":"https://tunnistus-pp.telia.fi/uas/saml2/names/ac/saml.op.1","authenticationinstant":INSTANT`,
			means:  "op", level: iduraBank, name: "Väinö Tunnistus",
		},
		{
			source: "Idura, FTN page: Mobiilivarmenne is the same with a satu", preset: PresetIdura, header: kid, life: 1200 * time.Second,
			claims: strings.Replace(iduraPage, `"satu":""`, `"satu":"100000001N"`, 1) +
				`,"authenticationtype":"urn:grn:authn:fi:mobile-id","authenticationmethod":"https://tunnistus-pp.telia.fi/uas/saml2/names/ac/mpki.telia.1","authenticationinstant":INSTANT`,
			means: "mobile", level: iduraMobile, name: "Väinö Tunnistus",
		},
		{
			source: "Idura, FTN page, as printed: no level", preset: PresetIdura, header: kid, life: 1200 * time.Second,
			claims: iduraPage, verdict: "id_token.missing:authenticationtype", reason: lacks,
		},
		{
			source: "Idura, Swedish BankID: another scheme", preset: PresetIdura, header: kid, life: 1200 * time.Second,
			claims:  idura + `,"authenticationtype":"urn:grn:authn:se:bankid:same-device","authenticationinstant":INSTANT`,
			verdict: "id_token.level", reason: login.ReasonIdentificationWeak,
		},
		{
			source: "Signicat, FTN attributes reference, scopes openid profile nin ftn-extra", preset: PresetSignicat, header: kid, life: 600 * time.Second,
			claims: signicat + "," + person + "," + extra + `,"amr":["external"],"nbf":IAT,"auth_time":AUTH`,
			means:  "op", level: "ftn", name: "Väinö Tunnistus",
		},
		{
			source: "the frame of Signicat's MitID token: acr in its own words, sandbox", preset: PresetSignicat, header: kid, life: 600 * time.Second,
			claims: signicat + "," + person + "," + extra + `,"acr":"substantial","sandbox":true,"transaction_id":"x","sid":"y","auth_time":AUTH`,
			means:  "op", level: "ftn", name: "Väinö Tunnistus",
		},
		{
			source: "Signicat, ID Token user data: Standard Scopes (the default)", preset: PresetSignicat, header: kid, life: 600 * time.Second,
			claims: signicat + "," + person + `,"amr":["external"],"auth_time":AUTH`, verdict: "id_token.missing:ftn_hetu", reason: lacks,
		},
		{
			source: "Signicat, Swedish BankID example: another idp", preset: PresetSignicat, header: kid, life: 600 * time.Second,
			claims:  `"sub":"0I3nYK5-NdoLqN1ps8tIWk7WRLOL-BEoU3erWBK28e4=","idp":"sbid",` + person + `,"amr":["external"],"auth_time":AUTH`,
			verdict: "id_token.level", reason: login.ReasonIdentificationWeak,
		},
		{
			source: "IN Groupe, Finnish Bank ID page, scopes openid profile ssn", preset: PresetINGroupe, header: kid, life: 900 * time.Second,
			claims: ingroupe + `,"fi_ssn":"070770-905D","ssn":"070770-905D","fi_satu":"100000001N","fi_tupas_bank":"opbank","auth_time":AUTH`,
			means:  "op", level: inGroupeHigh, name: "Väinö Tunnistus",
		},
		{
			source: "E-Ident's frame of 2021: the time in words, amr a string", preset: PresetINGroupe, header: kid, life: 900 * time.Second,
			claims: ingroupe + `,"fi_ssn":"070770-905D","fi_tupas_bank":"nordea","amr":"fi_tupas","jti":"x","auth_time":WORDS`,
			means:  "nordea", level: inGroupeHigh, name: "Väinö Tunnistus",
		},
		{
			source: "IN Groupe, Mobiilivarmenne page: no acr is listed", preset: PresetINGroupe, header: kid, life: 900 * time.Second,
			claims:  strings.Replace(ingroupe, `"acr":"urn:eident:cert:eidas:high",`, "", 1) + `,"fi_ssn":"070770-905D","phone_number":"+358451571001","auth_time":AUTH`,
			verdict: "id_token.missing:acr", reason: lacks,
		},
		{
			source: "OP README §9: name and birthdate may be available, and are not", preset: PresetOP, header: map[string]any{"kid": "b1"}, life: 600 * time.Second,
			claims: op + `,"auth_time":AUTH`, verdict: "id_token.missing:family_name", reason: lacks,
		},
		{
			source: "IN Groupe: without scope ssn", preset: PresetINGroupe, header: kid, life: 900 * time.Second,
			claims: ingroupe + `,"fi_tupas_bank":"nordea","auth_time":AUTH`, verdict: "id_token.missing:fi_ssn", reason: lacks,
		},
	}
}

// at puts the login's own claims in.
func (p publishedToken) at(t *testing.T, w *world) map[string]any {
	t.Helper()
	now := w.clock.Now()
	replace := strings.NewReplacer(
		"AUTH", fmt.Sprint(now.Add(-time.Second).Unix()), "IAT", fmt.Sprint(now.Unix()),
		"INSTANT", `"`+now.Format("2006-01-02T15:04:05.000Z")+`"`, "WORDS", `"`+now.Format("02-01-2006 15:04:05")+` UTC"`,
	)
	var c map[string]any
	if err := json.Unmarshal([]byte("{"+replace.Replace(p.claims)+"}"), &c); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	maps.Copy(c, map[string]any{
		"iss": w.config.Issuer, "aud": w.config.ClientID, "nonce": w.nonce, "iat": now.Unix(), "exp": now.Add(p.life).Unix(),
	})
	if p.preset == PresetTelia {
		c["aud"], c["azp"] = []string{w.config.ClientID}, w.config.ClientID
	}
	return c
}

// Every published id_token, in its broker's preset and with what stands in no file: it
// logs in, or it is refused for what it lacks.
func TestPublishedTokens(t *testing.T) {
	t.Parallel()
	for _, p := range publishedTokens() {
		t.Run(string(p.preset)+"/"+p.source, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, p.preset, func(c *Config) {
				// As an operator writes it: no means, and the broker's own prefix for methods.
				c.Means, c.Selector.URL = nil, ""
				if p.preset == PresetOP {
					c.Means = []Means{{ID: "chosen", Name: "Chosen", Value: "nordea"}}
				}
				if p.preset == PresetTelia {
					c.Method.Prefixes = []string{teliaTestMethodURL}
				}
			})
			w.lie(nil, func(map[string]any) string {
				return w.sealed(signJWS(t, brokerSigning(), p.header, p.at(t, w)))
			})
			got, err := w.login(w.config.Means[len(w.config.Means)-1].ID) // another one than is reported
			if p.verdict != "" {
				mustFail(t, err, p.reason, p.verdict)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Means != p.means || got.ACR != p.level || got.Name != p.name || got.HETU.Zero() {
				t.Errorf("recorded %q at level %q as %q, want %q, %q, %q", got.Means, got.ACR, got.Name, p.means, p.level, p.name)
			}
			if age := w.clock.Now().Sub(got.AuthTime); age < 0 || age > time.Second {
				t.Errorf("authenticated %s ago", age)
			}
		})
	}
}
