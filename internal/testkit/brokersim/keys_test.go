package brokersim_test

import (
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/testkit/brokersim"

	"github.com/go-jose/go-jose/v4"
)

func TestEntityStatement(t *testing.T) {
	t.Parallel()
	for d, entityKeys := range map[brokersim.Dialect]int{brokersim.OP: 1, brokersim.Telia: 2} {
		p := newParty(t, d)
		_, _, served := p.get(p.sim.Endpoints().Statement)
		if served != p.sim.EntityStatement() {
			t.Error("serves another statement than it hands out")
		}
		signed, err := jose.ParseSignedCompact(served, []jose.SignatureAlgorithm{jose.RS256})
		if err != nil {
			t.Fatal(err)
		}
		payload, err := signed.Verify(p.sim.EntityJWK())
		if err != nil {
			t.Fatal(err)
		}
		var statement struct {
			Iss, Sub string
			Jwks     jose.JSONWebKeySet
			Metadata struct {
				Provider map[string]any `json:"openid_provider"`
			}
		}
		if err := json.Unmarshal(payload, &statement); err != nil {
			t.Fatal(err)
		}
		e := p.sim.Endpoints()
		provider := statement.Metadata.Provider
		if statement.Iss != e.EntityID || statement.Sub != e.EntityID || len(statement.Jwks.Keys) != entityKeys || !statement.Jwks.Keys[0].IsPublic() {
			t.Errorf("statement of %q about %q with %d keys", statement.Iss, statement.Sub, len(statement.Jwks.Keys))
		}
		if provider["issuer"] != e.Issuer || provider["token_endpoint"] != e.Token || provider["signed_jwks_uri"] != e.SignedJWKS {
			t.Errorf("metadata %v", provider)
		}
		if signed.Signatures[0].Protected.ExtraHeaders[jose.HeaderType] != "entity-statement+jwt" {
			t.Error("typ")
		}
		thumb, err := statement.Jwks.Keys[0].Thumbprint(crypto.SHA256)
		if err != nil || hex.EncodeToString(thumb) != p.sim.EntityFingerprint() || len(thumb) != sha256.Size {
			t.Errorf("fingerprint %q %v", p.sim.EntityFingerprint(), err)
		}
		// OP forbids fetching it by program: a test can see that it happened.
		if records := p.sim.Requests(); records[len(records)-1].Endpoint != brokersim.CalledStatement {
			t.Error("the fetch was not recorded")
		}
		// sha256sum of the file, as Telia's guide makes its fingerprint.
		sum := sha256.Sum256([]byte(served))
		if got := p.sim.StatementFingerprint(); got != strings.ToUpper(hex.EncodeToString(sum[:])) {
			t.Errorf("%s: statement fingerprint %q", d, got)
		}
	}
	for _, d := range []brokersim.Dialect{brokersim.Idura, brokersim.Signicat} {
		p := newParty(t, d)
		if p.sim.EntityStatement() != "" || p.sim.StatementFingerprint() != "" || p.sim.EntityFingerprint() != "" || len(p.sim.EntityKeys()) != 0 || p.sim.RotateEntity() == nil {
			t.Errorf("%s has no entity", d)
		}
	}
}

func TestTeliaDiscovery(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.Telia)
	e := p.sim.Endpoints()
	_, _, body := p.get(e.Discovery)
	var found map[string]any
	if err := json.Unmarshal([]byte(body), &found); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"issuer": e.Issuer, "authorization_endpoint": e.Authorize, "token_endpoint": e.Token, "jwks_uri": e.JWKS} {
		if found[name] != want || want == "" {
			t.Errorf("%s = %v, want %q", name, found[name], want)
		}
	}
	_, _, plain := p.get(e.JWKS)
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(plain), &set); err != nil {
		t.Fatal(err)
	}
	signed, err := p.brokerJWKS()
	if err != nil || len(set.Keys) != 2 || len(signed.Keys) != 2 || set.Keys[0].KeyID != signed.Keys[0].KeyID {
		t.Errorf("plain %d keys, signed %d keys, %v", len(set.Keys), len(signed.Keys), err)
	}
	op := newParty(t, brokersim.OP)
	if status, _, _ := op.get(op.sim.Endpoints().EntityID + "/.well-known/openid-configuration"); status != http.StatusNotFound {
		t.Errorf("OP has no discovery any more, but answers %d", status)
	}
}

// A key is published before it signs, and after.
func TestRotation(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	kids := func() map[string]bool {
		set, err := p.brokerJWKS()
		if err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		for _, k := range set.Keys {
			if !k.IsPublic() {
				t.Fatal("a private key is published")
			}
			ids[k.KeyID] = true
		}
		return ids
	}
	before := kids()
	if err := p.sim.Rotate(); err != nil {
		t.Fatal(err)
	}
	after := kids()
	for kid := range before {
		if !after[kid] {
			t.Errorf("%s is gone at once", kid)
		}
	}
	if len(before) != 2 || len(after) != 3 {
		t.Errorf("%d keys, then %d", len(before), len(after))
	}
	if _, err := p.login("aino", nil); err != nil {
		t.Error(err)
	}
}

// The relying party's keys are kept, and fetched again for a kid that is not there.
func TestClientKeysAreCachedAndRefreshed(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	for range 3 {
		p.visit(nil)
	}
	if n := p.fetches.Load(); n != 1 {
		t.Errorf("%d fetches for three requests", n)
	}
	p.clock.advance(time.Minute)
	p.signing, p.sigKid = rsaKeys()[6], "our-new-sig"
	if _, err := p.login("aino", nil); err != nil {
		t.Errorf("after our roll-over: %v %s", err, p.lastReason())
	}
	if n := p.fetches.Load(); n != 2 {
		t.Errorf("%d fetches after one roll-over", n)
	}
	// A flood of unknown kids does not become a flood of fetches.
	for range 20 {
		p.start(p.signWith(p.signing, random(), "JWT", jose.RS256, p.claims(nil)))
	}
	if n := p.fetches.Load(); n > 3 {
		t.Errorf("%d fetches", n)
	}
	p.clock.advance(time.Hour) // exp of the set
	p.visit(nil)
	if n := p.fetches.Load(); n != 3 {
		t.Errorf("%d fetches after the set expired", n)
	}
}

func TestSignedJWKSThatIsNotBelieved(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	weak := json.RawMessage(`{"kty":"RSA","kid":"weak","use":"sig","e":"AQAB","n":"` + strings.Repeat("q", 171) + `"}`)
	for name, publish := range map[string]func() string{
		"stranger's signature": func() string { return p.signedJWKS(rsaKeys()[6], nil) },
		"another kid":          func() string { return p.signWith(p.entity, "x", "jwk-set+jwt", jose.RS256, map[string]any{}) },
		"another typ": func() string {
			return p.signWith(p.entity, "our-entity", "entity-statement+jwt", jose.RS256, map[string]any{})
		},
		"expired": func() string {
			return p.signedJWKS(p.entity, func(c map[string]any) { c["exp"] = p.clock.now().Unix() })
		},
		"future": func() string {
			return p.signedJWKS(p.entity, func(c map[string]any) { c["iat"] = p.clock.now().Unix() + 60 })
		},
		"another issuer": func() string {
			return p.signedJWKS(p.entity, func(c map[string]any) { c["iss"] = "https://x.example" })
		},
		"another subject": func() string {
			return p.signedJWKS(p.entity, func(c map[string]any) { c["sub"] = "https://x.example" })
		},
		"weak key": func() string { return p.signedJWKS(p.entity, func(c map[string]any) { c["keys"] = []any{weak} }) },
		"private key": func() string {
			return p.signedJWKS(p.entity, func(c map[string]any) {
				c["keys"] = []jose.JSONWebKey{{Key: p.signing, KeyID: p.sigKid, Use: "sig"}}
			})
		},
		"no kid": func() string {
			return p.signedJWKS(p.entity, func(c map[string]any) { c["keys"] = []jose.JSONWebKey{{Key: p.signing.Public(), Use: "sig"}} })
		},
		"one kid twice": func() string {
			return p.signedJWKS(p.entity, func(c map[string]any) {
				c["keys"] = []jose.JSONWebKey{{Key: p.signing.Public(), KeyID: p.sigKid}, {Key: p.sealing.Public(), KeyID: p.sigKid}}
			})
		},
		"plain JWKS": func() string { return `{"keys":[]}` },
		"nothing":    func() string { return "" },
	} {
		p.publish = publish
		p.clock.advance(time.Minute)
		status, _, body := p.start(p.sign(p.claims(nil)))
		if status != http.StatusBadRequest || p.lastReason() != brokersim.KeysUnavailable {
			t.Errorf("%s: %d %s", name, status, p.lastReason())
		}
		if strings.Contains(body, "signed JWKS:") {
			t.Errorf("%s: the page shows the cause", name)
		}
	}
	p.publish = func() string { return p.signedJWKS(p.entity, nil) + "\n" }
	p.clock.advance(time.Minute)
	if _, err := p.login("aino", nil); err != nil {
		t.Errorf("the good one: %v %s", err, p.lastReason())
	}
	// Keys once believed stay good while the site is down.
	p.publish = func() string { return "" }
	p.clock.advance(30 * time.Minute)
	if _, err := p.login("aino", nil); err != nil {
		t.Errorf("with the site down: %v", err)
	}
}

func TestOtherSourcesOfClientKeys(t *testing.T) {
	t.Parallel()
	set := *staticKeys()
	static := newParty(t, brokersim.OP, func(c *brokersim.Config) { c.Client.Keys = brokersim.ClientKeys{JWKS: &set} })
	if _, err := static.login("aino", nil); err != nil {
		t.Errorf("static: %v", err)
	}
	plain := newParty(t, brokersim.Telia, func(c *brokersim.Config) {
		c.Client.Keys = brokersim.ClientKeys{JWKSURL: c.Client.Keys.SignedJWKSURL}
	})
	plain.publish = func() string {
		body, err := json.Marshal(set)
		if err != nil {
			t.Error(err)
		}
		return string(body)
	}
	if _, err := plain.login("aino", nil); err != nil {
		t.Errorf("plain: %v", err)
	}
	noEnc := jose.JSONWebKeySet{Keys: set.Keys[:1]}
	without := newParty(t, brokersim.OP, func(c *brokersim.Config) { c.Client.Keys = brokersim.ClientKeys{JWKS: &noEnc} })
	if _, err := without.login("aino", nil); err == nil || without.lastReason() != brokersim.EncryptionKeyAbsent {
		t.Errorf("no encryption key: %v %s", err, without.lastReason())
	}
}

// A simulator makes keys of its own when it is given none.
func TestOwnKeys(t *testing.T) {
	t.Parallel()
	keys, err := brokersim.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	if keys.Entity == nil || keys.Current == nil || keys.Next == nil || keys.Entity.Equal(keys.Current) || keys.Current.Equal(keys.Next) || keys.Entity.N.BitLen() != 2048 {
		t.Error("want three different RSA-2048 keys")
	}
}

// What the brokers publish of their keys: OP README §14 and the JWS printed there,
// Telia's signed-jwks-example, Idura's and Signicat's plain sets.
func TestPublishedKeySets(t *testing.T) {
	t.Parallel()
	const plain = "" // not signed
	for d, want := range map[brokersim.Dialect]struct {
		typ     string
		life    any // exp − iat
		members []string
		uses    []string
	}{
		brokersim.OP:       {"JWS", 3600.0, []string{"e", "kid", "kty", "n", "use"}, []string{"sig", "sig"}},
		brokersim.Telia:    {"jwk-set+jwt", nil, []string{"e", "kid", "kty", "n", "use"}, []string{"sig", "enc"}},
		brokersim.Idura:    {plain, nil, []string{"e", "kid", "kty", "n", "use"}, []string{"sig", "sig"}},
		brokersim.Signicat: {plain, nil, []string{"alg", "e", "kid", "kty", "n", "use"}, []string{"sig", "sig", "enc"}},
	} {
		p := newParty(t, d)
		header, set := p.publishedSet()
		if typ, _ := header["typ"].(string); typ != want.typ {
			t.Errorf("%s: typ %q, want %q", d, typ, want.typ)
		}
		if expires, ok := set["exp"].(float64); ok || want.life != nil {
			if issued, _ := set["iat"].(float64); expires-issued != want.life {
				t.Errorf("%s: lives %v, want %v", d, expires-issued, want.life)
			}
		}
		var uses []string
		keys, _ := set["keys"].([]any)
		for _, key := range keys {
			key, _ := key.(map[string]any)
			if got := slices.Sorted(maps.Keys(key)); !slices.Equal(got, want.members) {
				t.Errorf("%s: a key with %q, want %q", d, got, want.members)
			}
			use, _ := key["use"].(string)
			uses = append(uses, use)
		}
		if !slices.Equal(uses, want.uses) {
			t.Errorf("%s: keys for %q, want %q", d, uses, want.uses)
		}
	}
}

// publishedSet is the broker's key set as it is served, with the header if it is signed.
func (p *party) publishedSet() (header, set map[string]any) {
	p.Helper()
	e := p.sim.Endpoints()
	address := e.SignedJWKS
	if address == "" {
		address = e.JWKS
	}
	_, _, body := p.get(address)
	if parts := strings.Split(body, "."); len(parts) == 3 {
		header, body = decoded(p, parts[0]), toJSON(p, decoded(p, parts[1]))
	}
	if err := json.Unmarshal([]byte(body), &set); err != nil {
		p.Fatal(err)
	}
	return header, set
}

// Telia announces a signing key before it uses it, with another encryption key; and may
// sign with either of the two entity keys of its statement ("Key Rotation").
func TestRotationAtTelia(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.Telia)
	uses := func() (signing, encryption []string) {
		set, err := p.brokerJWKS()
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range set.Keys {
			if k.Use == "enc" {
				encryption = append(encryption, k.KeyID)
			} else {
				signing = append(signing, k.KeyID)
			}
		}
		return signing, encryption
	}
	before, sealing := uses()
	if err := p.sim.Announce(); err != nil {
		t.Fatal(err)
	}
	announced, resealing := uses()
	if len(before) != 1 || len(announced) != 2 || announced[0] != before[0] || len(resealing) != 1 || resealing[0] == sealing[0] {
		t.Errorf("signing %q then %q, encryption %q then %q", before, announced, sealing, resealing)
	}
	if err := p.sim.Rotate(); err != nil {
		t.Fatal(err)
	}
	if after, _ := uses(); len(after) != 2 || after[0] != announced[1] || after[1] != before[0] {
		t.Errorf("after the rotation: %q", after)
	}
	statement, first := p.sim.EntityStatement(), p.entityKid()
	if err := p.sim.RotateEntity(); err != nil {
		t.Fatal(err)
	}
	keys := p.sim.EntityKeys()
	if second := p.entityKid(); first != keys[0].KeyID || second != keys[1].KeyID || p.sim.EntityStatement() != statement {
		t.Errorf("signed by %q, then by %q of %d keys", first, second, len(keys))
	}
	if _, err := p.login("aino", nil); err != nil {
		t.Error(err)
	}
}

func (p *party) entityKid() string {
	p.Helper()
	header, _ := p.publishedSet()
	kid, _ := header["kid"].(string)
	return kid
}

// Telia's codes are as long as a relying party must be ready for, whatever the client is
// called.
func TestLengthOfTeliasCodes(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"a", "ab", "abc", "0043b426-2e6d-466d-b82f-33bb7d3cb6ea"} {
		p := newParty(t, brokersim.Telia, func(c *brokersim.Config) { c.Client.ID = id })
		claims := p.claims(map[string]any{"client_id": id, "iss": id})
		_, visit, _ := p.start(p.sign(claims))
		code := p.returned(p.atBank(visit, "aino")).Get("code")
		if len(code) < 599 || len(code) > 600 || decoded(p, strings.Split(code, ".")[0])["iss"] != id {
			t.Errorf("%q: a code of %d characters", id, len(code))
		}
	}
}
