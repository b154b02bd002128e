package dpop

import (
	"crypto"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/protocol/jws"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

const (
	proofType = "dpop+jwt" // RFC 9449 §4.2
	maxProof  = 4 << 10    // bytes; the largest honest one (RSA-4096) has about 2,000
	maxJTI    = 256        // bytes

	// maxAhead is how far in the future the proof of an exact client may be made
	// (FAPI 2.0 §5.3.2.1).
	maxAhead = 60 * time.Second
	// clocksDiffer is how far apart the clocks of two nodes may be (decision 7).
	clocksDiffer = 2 * time.Second
)

// Config is what a Verifier needs.
type Config struct {
	Keys secret.Ring // at least 128 bits, shared by all nodes; the nonces are derived from the first, and taken of each
	Now  func() time.Time
}

// Verifier checks proofs and makes nonces. It is safe for concurrent use.
type Verifier struct {
	nonces nonces
	now    func() time.Time
}

// Request is the HTTP request that a proof came with.
type Request struct {
	Proofs      []string    // all values of the DPoP header: http.Header.Values("DPoP")
	Method      string      // HTTP method
	URL         string      // configured base URL + path; never built from the Host header
	AccessToken secret.Text // the token that came with the proof, whose hash it must hold; empty when none did
	Exact       bool        // the client is exact: refuse proofs from the future (FAPI 2.0 §5.3.2.1)
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
	Once login.ReplayKey

	// ClockOff is how far the clock of the device is ahead of ours, or behind when
	// negative, and the way of the proof with it. It decides nothing: support reads it.
	ClockOff time.Duration
}

// New makes a Verifier.
func New(config Config) (*Verifier, error) {
	if len(config.Keys) == 0 || slices.ContainsFunc(config.Keys, func(k secret.Text) bool { return len(k.Reveal()) < 22 }) { // 128 bits in base64url
		return nil, errors.New("dpop: the key of the nonces is too short")
	}
	if config.Now == nil {
		return nil, errors.New("dpop: no clock")
	}
	return &Verifier{nonces: nonces{keys: config.Keys}, now: config.Now}, nil
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
// comparison with the key on record. Its errors are *fault.Error of kind Invalid
// with the codes of RFC 9449: invalid_dpop_proof, or use_dpop_nonce, upon which the
// caller answers with a DPoP-Nonce header of [Verifier.Nonce].
//
// A nonce of ours proves that the proof is fresh, whatever the phone's clock says
// (§4.3, §11.1): a wrong clock keeps nobody out. Only the proof of an exact client has
// ReasonClockWrong when it comes from the future, and Detail says by how much.
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
	lastGood, ok := v.nonces.good(c.Nonce, now)
	if !ok {
		return Proof{}, refuse("repeat the request with the nonce of the DPoP-Nonce header", nil).WithCode(oauth.UseDPoPNonce)
	}
	if _, err := token.Verify(token.JWK.Key); err != nil {
		return Proof{}, refuse(err.Error(), err)
	}
	if err := c.match(r, now); err != nil {
		return Proof{}, err
	}
	return prove(token, c, lastGood, now)
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
	if off := c.IAT.Sub(now); r.Exact && off > maxAhead {
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

// prove says what a right proof has proved. Its mark is kept until nobody takes its nonce
// any more: the proof itself could be made to say any time.
func prove(token *jws.Token, c claims, lastGood, now time.Time) (Proof, error) {
	sum, err := token.JWK.Thumbprint(crypto.SHA256)
	if err != nil {
		return Proof{}, refuse(jws.ErrKey.Error(), err)
	}
	thumbprint := base64.RawURLEncoding.EncodeToString(sum)
	return Proof{
		Thumbprint: thumbprint,
		// The jti is hashed with the key, so that nobody can use up the proofs of
		// somebody else by guessing their jti.
		Once: login.ReplayKey{
			Hash:    secret.Hash(sha256.Sum256([]byte("dpop jti\x00" + thumbprint + "\x00" + c.JTI))),
			Expires: lastGood.Add(clocksDiffer),
		},
		ClockOff: c.IAT.Sub(now),
	}, nil
}

func clockWrong(ahead time.Duration) error {
	e := fault.New(fault.Invalid, login.ReasonClockWrong, nil).WithCode(oauth.InvalidDPoPProof)
	return e.WithDetail("iat: the clock of the device is " + ahead.Round(time.Second).String() + " ahead")
}

// refuse makes the error for a bad proof. The detail is fixed text: never a value
// that came in.
func refuse(detail string, cause error) *fault.Error {
	return fault.New(fault.Invalid, login.ReasonProofInvalid, cause).WithCode(oauth.InvalidDPoPProof).WithDetail(detail)
}
