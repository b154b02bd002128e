package interop_test

import (
	"testing"

	"avain/internal/config"
	"avain/internal/domain/login"

	"golang.org/x/oauth2"
)

// TestTokenAlgorithms lets each kind of client verify tokens of every algorithm that
// an operator may choose for all. at_hash depends on it: Ed25519 goes with SHA-512.
func TestTokenAlgorithms(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"PS256", "EdDSA"} { // RS256 and ES256 are the defaults, and in every other test
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			d, _ := start(t, func(c *config.Config) {
				c.Tokens.Alg = alg
				c.Clients = append(c.Clients, compatible("shop-app", login.AuthNone))
			})
			const nonce = "a nonce"
			p := newRelyingParty(t, d, "shop-app", "")
			verifier := oauth2.GenerateVerifier()
			tokens, err := p.Exchange(p.ctx, p.code(nonce, oauth2.S256ChallengeOption(verifier)), oauth2.VerifierOption(verifier))
			if err != nil {
				t.Fatal(err)
			}
			p.mustKnow(tokens, nonce)

			openShop(t, d, "shop-app", "").visit()

			app := phoneApp(d)
			app.ProofAlg = "PS256"
			mustBe(t, logIn(t, d, "oauth4webapi.mjs", app), d.Service)
		})
	}
}
