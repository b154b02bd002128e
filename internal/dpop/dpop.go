package dpop

import (
	"errors"
	"time"

	"avain/internal/login"
	"avain/internal/secret"
)

// Config is what a Verifier needs.
type Config struct {
	Key secret.Text // shared by all nodes; the nonces are derived from it
	Now func() time.Time
}

// Verifier checks proofs and makes nonces. It is safe for concurrent use.
type Verifier struct{ config Config }

// Request is the HTTP request that a proof came with.
type Request struct {
	Proofs       []string    // all values of the DPoP header: http.Header.Values("DPoP")
	Method       string      // HTTP method
	URL          string      // configured base URL + path; never built from the Host header
	AccessToken  secret.Text // the token that came with the proof, whose hash it must hold; empty when none did
	RequireNonce bool        // refuse proofs without our nonce (they are told to get one)
}

// Proof is what a proof has proved.
type Proof struct {
	// Thumbprint names the key (RFC 7638, SHA-256, base64url: 43 characters). It is
	// the jkt of tokens and attempts.
	Thumbprint string

	// Once is the mark of this proof. The proof is not fully checked until the
	// caller has written the mark in the same database transaction as the act that
	// the proof allows: a mark that is set already means a replay. Setting it apart
	// would let two nodes act on one proof, or burn the proof of an act that failed
	// and that the client may rightly repeat.
	Once login.Once
}

// New makes a Verifier.
func New(config Config) (*Verifier, error) { return &Verifier{config}, nil }

// Check checks the one proof of a request. Its errors are *login.Error of kind
// Invalid with the codes of RFC 9449: invalid_dpop_proof, or use_dpop_nonce, upon
// which the caller answers with a DPoP-Nonce header of [Verifier.Nonce].
func (v *Verifier) Check(r Request) (Proof, error) {
	return Proof{}, errors.ErrUnsupported
}

// Nonce returns the nonce to send in the DPoP-Nonce header (RFC 9449 §8).
func (v *Verifier) Nonce(now time.Time) string { return "" }
