package signing_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"avain/internal/domain/operations"
	"avain/internal/protocol/signing"

	"github.com/go-jose/go-jose/v4"
)

// retired is an ID token whose key has been removed and is not in the JWK set any more.
func retired(t *testing.T, s *signing.Signer, c *clock) (token, kid string) {
	t.Helper()
	token = sign(t, s, honest(c.now()), signing.TypIDToken)
	kid = header(t, token).Kid
	for range 33 {
		c.advance(day)
		tick(t, s)
	}
	if slices.ContainsFunc(published(t, s).Keys, func(k jose.JSONWebKey) bool { return k.KeyID == kid }) {
		t.Fatal("the key is still published")
	}
	return token, kid
}

// A retired key verifies hints on every node, as long as a session may live, and opens
// nothing: no token of any other use is good by it.
func TestRetiredKeyVerifiesHintsOnly(t *testing.T) {
	t.Parallel()
	c, shelf, aead := newClock(), newShelf(t), newAEAD(t)
	config := signing.Config{Store: shelf, AEAD: aead, Now: c.now, HintLife: 100 * day}
	s, other := node(t, config), node(t, config)
	tick(t, s)
	access := sign(t, s, claims{"iss": issuer, "exp": c.now().Add(90 * day).Unix()}, signing.TypAccessToken)
	hint, _ := retired(t, s, c)
	for name, node := range map[string]*signing.Signer{"this node": s, "another node": other} {
		if _, err := node.Verify(t.Context(), hint, signing.Expect{Typ: signing.TypIDToken, Hint: true}); err != nil {
			t.Errorf("%s: a hint of a retired key: %v", name, err)
		}
		for what, want := range map[string]signing.Expect{
			"an access token":       {Typ: signing.TypAccessToken},
			"an access token, hint": {Typ: signing.TypIDToken, Hint: true},
		} {
			if _, err := node.Verify(t.Context(), access, want); err == nil {
				t.Errorf("%s: %s is taken by a retired key", name, what)
			}
		}
		if _, err := node.Verify(t.Context(), hint, signing.Expect{Typ: signing.TypIDToken}); !errors.Is(err, signing.ErrKeyGone) {
			t.Errorf("%s: an ID token of a retired key: %v", name, err)
		}
		if _, err := node.Verify(t.Context(), hint[:len(hint)-4]+"AAAA", signing.Expect{Typ: signing.TypIDToken, Hint: true}); err == nil || errors.Is(err, signing.ErrKeyGone) {
			t.Errorf("%s: a forged hint: %v", name, err)
		}
	}
	c.advance(100 * day)
	if _, err := s.Verify(t.Context(), hint, signing.Expect{Typ: signing.TypIDToken, Hint: true}); !errors.Is(err, signing.ErrKeyGone) {
		t.Errorf("a hint that can name no session any more: %v", err)
	}
}

// Of a key that has leaked nothing is kept, whether it signs still or has retired.
func TestRevokedKeyVerifiesNoHint(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"before", "after"} {
		c, shelf := newClock(), newShelf(t)
		s := node(t, signing.Config{Store: shelf, AEAD: newAEAD(t), Now: c.now})
		tick(t, s)
		if when == "before" {
			if err := shelf.RevokeSigningKey(t.Context(), rows(t, shelf)[0].KID); err != nil {
				t.Fatal(err)
			}
		}
		hint, kid := retired(t, s, c) // for a minute a node signs on by the key that it remembers
		if when == "after" {
			if err := shelf.RevokeSigningKey(t.Context(), kid); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Verify(t.Context(), hint, signing.Expect{Typ: signing.TypIDToken, Hint: true}); !errors.Is(err, signing.ErrKeyGone) {
			t.Errorf("revoked %s it retired: %v", when, err)
		}
	}
}

// Whoever can write to the database plants no key that verifies a hint of theirs.
func TestPlantedHintKey(t *testing.T) {
	t.Parallel()
	c, shelf, aead := newClock(), newShelf(t), newAEAD(t)
	s := node(t, signing.Config{Store: shelf, AEAD: aead, Now: c.now})
	tick(t, s)
	_, kid := retired(t, s, c)
	genuine, err := shelf.HintKey(t.Context(), kid)
	if err != nil {
		t.Fatal(err)
	}
	strange, _ := started(t)
	forged := sign(t, strange, honest(c.now()), signing.TypIDToken)
	for name, k := range map[string]operations.HintKey{
		"bytes of their own":    {KID: header(t, forged).Kid, Alg: "ES256", Sealed: []byte(`{"kty":"EC"}`), ForgetAt: c.now().Add(day)},
		"another key's seal":    {KID: header(t, forged).Kid, Alg: "ES256", Sealed: genuine.Sealed, ForgetAt: genuine.ForgetAt},
		"kept longer than said": {KID: kid, Alg: "ES256", Sealed: genuine.Sealed, ForgetAt: genuine.ForgetAt.Add(time.Hour)},
	} {
		planted := node(t, signing.Config{Store: &plantedShelf{shelf, k}, AEAD: aead, Now: c.now})
		if _, err := planted.Verify(t.Context(), forged, signing.Expect{Typ: signing.TypIDToken, Hint: true}); !errors.Is(err, signing.ErrKeyGone) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// plantedShelf shows one hint key whatever is asked for.
type plantedShelf struct {
	*shelf
	planted operations.HintKey
}

func (p *plantedShelf) HintKey(context.Context, string) (operations.HintKey, error) {
	return p.planted, nil
}
