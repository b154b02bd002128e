package dpop

import (
	"crypto"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"avain/internal/jws"
	"avain/internal/login"
	"avain/internal/oauth"
	"avain/internal/secret"
)

const (
	proofType = "dpop+jwt" // RFC 9449 §4.2
	maxProof  = 4 << 10    // bytes; the largest honest one (RSA-4096) has about 2,000
	maxJTI    = 256        // bytes

	// maxAge is how far a proof's iat may lie from our clock, either way. Shorter
	// than the life of a nonce, so that a proof's mark need not be kept for longer.
	maxAge = 60 * time.Second
)

// Config is what a Verifier needs.
type Config struct {
	Key secret.Text // at least 128 bits, shared by all nodes; the nonces are derived from it
	Now func() time.Time
}

// Verifier checks proofs and makes nonces. It is safe for concurrent use.
type Verifier struct {
	nonces nonces
	now    func() time.Time
}

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
	// the proof allows: a mark that is set already means a replay (RFC 9449 §11.1).
	// Setting it apart would let two nodes act on one proof, or burn the proof of an
	// act that failed and that the client may rightly repeat.
	Once login.Once
}

// New makes a Verifier.
func New(config Config) (*Verifier, error) {
	if len(config.Key.Reveal()) < 22 { // 128 bits in base64url
		return nil, errors.New("dpop: the key of the nonces is too short")
	}
	if config.Now == nil {
		return nil, errors.New("dpop: no clock")
	}
	return &Verifier{nonces: nonces{key: config.Key}, now: config.Now}, nil
}

// claims of a proof (RFC 9449 §4.2).
type claims struct {
	JTI   string   `json:"jti"`
	HTM   string   `json:"htm"`
	HTU   string   `json:"htu"`
	IAT   jws.Date `json:"iat"`
	ATH   string   `json:"ath"`
	Nonce string   `json:"nonce"`
}

// Check checks the one proof of a request: every step of RFC 9449 §4.3 but the
// comparison with the key on record. Its errors are *login.Error of kind Invalid
// with the codes of RFC 9449: invalid_dpop_proof, or use_dpop_nonce, upon which the
// caller answers with a DPoP-Nonce header of [Verifier.Nonce]. A proof from a phone
// whose clock is wrong has ReasonClockWrong, and Detail says by how much.
func (v *Verifier) Check(r Request) (Proof, error) {
	if len(r.Proofs) != 1 {
		// With two headers, a proxy might check one and we the other.
		return Proof{}, refuse("exactly one DPoP header is expected", nil)
	}
	token, err := jws.Parse(r.Proofs[0], jws.Rules{MaxBytes: maxProof, Types: []string{proofType}, Header: []string{"jwk"}})
	if err != nil {
		return Proof{}, refuse(err.Error(), err)
	}
	if token.JWK == nil {
		return Proof{}, refuse("the proof holds no key (jwk)", nil)
	}
	var c claims
	if err := token.Peek(&c); err != nil {
		return Proof{}, refuse(err.Error(), err)
	}
	// Before the signature, because it is cheap and every client's first proof of
	// the day fails here. A nonce is no secret; knowing ours proves nothing yet.
	now := v.now()
	if err := v.checkNonce(c.Nonce, r.RequireNonce, now); err != nil {
		return Proof{}, err
	}
	if _, err := token.Verify(token.JWK.Key); err != nil {
		return Proof{}, refuse(err.Error(), err)
	}
	if err := c.match(r, now); err != nil {
		return Proof{}, err
	}
	return prove(token, c)
}

func (v *Verifier) checkNonce(nonce string, required bool, now time.Time) error {
	if nonce == "" && !required {
		return nil
	}
	if !v.nonces.good(nonce, now) {
		return refuse("repeat the request with the nonce of the DPoP-Nonce header", nil).WithCode(oauth.UseDPoPNonce)
	}
	return nil
}

// Nonce returns the nonce to send in the DPoP-Nonce header (RFC 9449 §8).
func (v *Verifier) Nonce(now time.Time) string { return v.nonces.at(window(now)) }

// match compares what the proof says with the request that it came with.
func (c claims) match(r Request, now time.Time) error {
	switch {
	case c.JTI == "" || len(c.JTI) > maxJTI:
		return refuse("jti: 1 to 256 characters are expected", nil)
	case c.HTM != r.Method:
		return refuse("htm: not the method of the request", nil)
	case !sameAddress(c.HTU, r.URL):
		return refuse("htu: not the address of the request", nil)
	case c.IAT.IsZero():
		return refuse("iat: missing", nil)
	}
	if off := c.IAT.Sub(now); off.Abs() > maxAge {
		return clockWrong(off)
	}
	return c.matchToken(r.AccessToken)
}

// matchToken wants the hash of the access token exactly when there is one: without
// it, a proof for one stolen token would serve for another.
func (c claims) matchToken(token secret.Text) error {
	if token.Empty() {
		return nil
	}
	sum := sha256.Sum256([]byte(token.Reveal()))
	want := base64.RawURLEncoding.EncodeToString(sum[:])
	if subtle.ConstantTimeCompare([]byte(c.ATH), []byte(want)) != 1 {
		return refuse("ath: not the hash of the access token", nil)
	}
	return nil
}

func prove(token *jws.Token, c claims) (Proof, error) {
	sum, err := token.JWK.Thumbprint(crypto.SHA256)
	if err != nil {
		return Proof{}, refuse(jws.ErrKey.Error(), err)
	}
	thumbprint := base64.RawURLEncoding.EncodeToString(sum)
	return Proof{
		Thumbprint: thumbprint,
		// The jti is hashed with the key, so that nobody can use up the proofs of
		// somebody else by guessing their jti.
		Once: login.Once{
			Mark:    secret.Hash(sha256.Sum256([]byte("dpop jti\x00" + thumbprint + "\x00" + c.JTI))),
			Expires: c.IAT.Add(maxAge + time.Second),
		},
	}, nil
}

// clockWrong tells support by how much, rounded: to seconds when it may be the
// network, to minutes when it is the clock.
func clockWrong(off time.Duration) error {
	direction, unit := "behind", time.Second
	if off > 0 {
		direction = "ahead"
	}
	if off.Abs() > 10*time.Minute {
		unit = time.Minute
	}
	e := login.E(login.Invalid, login.ReasonClockWrong, nil).WithCode(oauth.InvalidDPoPProof)
	return e.With(fmt.Sprintf("iat: the clock of the device is %s %s", off.Abs().Round(unit), direction))
}

// refuse makes the error for a bad proof. The detail is fixed text: never a value
// that came in.
func refuse(detail string, cause error) *login.Error {
	return login.E(login.Invalid, login.ReasonProofInvalid, cause).WithCode(oauth.InvalidDPoPProof).With(detail)
}
