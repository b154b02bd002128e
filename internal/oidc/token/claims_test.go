package token

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"testing"
)

// at_hash is the left half of a hash of the size that the algorithm has (OpenID Connect
// Core §3.1.3.6).
func TestLeftHalfOfTheHash(t *testing.T) {
	t.Parallel()
	small, large := sha256.Sum256([]byte("token")), sha512.Sum512([]byte("token"))
	for alg, want := range map[string][]byte{"ES256": small[:16], "PS256": small[:16], "RS256": small[:16], "EdDSA": large[:32]} {
		if got := leftHalf(alg, "token"); got != base64.RawURLEncoding.EncodeToString(want) {
			t.Errorf("%s: %s", alg, got)
		}
	}
}
