package console

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/secret"

	"github.com/go-webauthn/webauthn/webauthn"
)

// ceremonyLife is how long somebody may take to touch their authenticator.
const ceremonyLife = 5 * time.Minute

// ceremony is a passkey that is being made or used: what WebAuthn wants to be kept
// between its two halves. It lies sealed in a cookie of the browser, so that nobody can
// fill the database by beginning many, and its challenge counts once: the mark is set in
// the transaction of what it leads to.
type ceremony struct {
	Kind       string               `json:"kind"`
	Session    webauthn.SessionData `json:"session"`
	Staff      string               `json:"staff,omitempty"`      // who makes a passkey
	Invitation []byte               `json:"invitation,omitempty"` // hash of the link that lets them
	Act        string               `json:"act,omitempty"`        // path of the act that is confirmed
	Expires    time.Time            `json:"expires"`
}

// The kinds: what is begun as one cannot end as another.
const (
	signingIn  = "sign in"
	invited    = "invited"
	adding     = "add"
	confirming = "confirm"
)

// Sealer encrypts and authenticates: Tink's AEAD.
type Sealer interface {
	Encrypt(plaintext, associatedData []byte) ([]byte, error)
	Decrypt(ciphertext, associatedData []byte) ([]byte, error)
}

// sealedAs keeps what was sealed for one purpose from being opened for another.
const sealedAs = "avain console ceremony"

// keep seals a ceremony into the browser's cookie.
func (c *Console) keep(w http.ResponseWriter, one ceremony) error {
	one.Expires = c.d.Now().Add(ceremonyLife)
	plain, err := json.Marshal(one)
	if err != nil {
		return err
	}
	sealed, err := c.d.Sealer.Encrypt(plain, []byte(sealedAs))
	if err != nil {
		return err
	}
	c.cookies.set(w, cookieCeremony, base64.RawURLEncoding.EncodeToString(sealed), ceremonyLife)
	return nil
}

// resume opens the ceremony of the browser, for the second half of its kind.
func (c *Console) resume(w http.ResponseWriter, r *http.Request, kind string) (ceremony, login.ReplayKey, error) {
	gone := fault.New(fault.Gone, login.ReasonRequestExpired, nil)
	value, ok := c.cookies.read(r, cookieCeremony)
	if !ok {
		return ceremony{}, login.ReplayKey{}, gone
	}
	c.cookies.set(w, cookieCeremony, "", 0)
	sealed, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return ceremony{}, login.ReplayKey{}, gone
	}
	plain, err := c.d.Sealer.Decrypt(sealed, []byte(sealedAs))
	if err != nil {
		return ceremony{}, login.ReplayKey{}, gone
	}
	var one ceremony
	if err := json.Unmarshal(plain, &one); err != nil || one.Kind != kind || !c.d.Now().Before(one.Expires) {
		return ceremony{}, login.ReplayKey{}, gone
	}
	once := login.ReplayKey{Hash: secret.Of("console ceremony " + one.Session.Challenge).Hash(), Expires: one.Expires}
	return one, once, nil
}
