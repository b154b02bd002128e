package console

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/staff"
	"avain/internal/platform/web"
	"avain/internal/secret"

	"github.com/go-webauthn/webauthn/protocol"
)

// Whoever holds a console's cookie is signed in; that is not enough to let somebody in for
// good. Acts that decide who gets into the console ask for the passkey once more, for this
// one act (threat 49): its proof is in no cookie, goes back to the page that asked, and
// counts once.

// confirmLife is how long a proof may take from the passkey to the act.
const confirmLife = 2 * time.Minute

// confirmation is a proof by passkey, sealed for whoever gave it.
type confirmation struct {
	Staff   string    `json:"staff"`
	Browser []byte    `json:"browser"` // hash of the session that it was given in
	Act     string    `json:"act"`     // path that it was given for
	Nonce   string    `json:"nonce"`
	Expires time.Time `json:"expires"`
}

const sealedConfirmation = "avain console confirmation"

// confirmedField is the field of a form, or of a script's document, that holds the proof.
const confirmedField = "confirmed"

// PostConfirmed mounts an act like [Console.Post] that needs a fresh proof by passkey.
func (c *Console) PostConfirmed(pattern string, least staff.Role, h Handler) {
	c.confirmed = append(c.confirmed, Root+pattern)
	c.Post(pattern, least, func(w http.ResponseWriter, r *http.Request, who Agent) error {
		proof, err := proofOf(r)
		if err != nil {
			return err
		}
		if proof == "" {
			return c.askToConfirm(w, r, who)
		}
		if err := c.useConfirmation(r, who, proof); err != nil {
			return err
		}
		return h(w, r, who)
	})
}

// Confirmed lists the acts that need a fresh proof.
func (c *Console) Confirmed() []string { return c.confirmed }

func (c *Console) mountConfirm() {
	c.Post("confirm/begin", staff.RoleAgent, c.beginConfirming)
	c.Post("confirm/finish", staff.RoleAgent, c.finishConfirming)
}

// proofOf reads the proof that a form or our own script brought.
func proofOf(r *http.Request) (string, error) {
	if r.Header.Get("Accept") == "application/json" {
		var brought struct {
			Confirmed string `json:"confirmed"`
		}
		if err := json.NewDecoder(r.Body).Decode(&brought); err != nil {
			return "", fault.New(fault.Invalid, login.ReasonRequestInvalid, err)
		}
		return brought.Confirmed, nil
	}
	if err := r.ParseForm(); err != nil {
		return "", fault.New(fault.Invalid, login.ReasonRequestInvalid, err)
	}
	return r.PostForm.Get(confirmedField), nil
}

// askToConfirm shows the page that asks for the passkey and then sends the form again. Our
// own script asks before it begins.
func (c *Console) askToConfirm(w http.ResponseWriter, r *http.Request, who Agent) error {
	form, err := kept(r)
	if err != nil {
		return err
	}
	if form == nil || r.Header.Get("Accept") == "application/json" {
		return fault.New(fault.Unauthenticated, login.ReasonSignInAgain, nil)
	}
	t, err := c.own.confirm()
	if err != nil {
		return err
	}
	return c.Render(w, r, who, http.StatusUnauthorized, web.Page{Template: t, Title: "console.confirm", Data: *form})
}

func (c *Console) beginConfirming(w http.ResponseWriter, r *http.Request, who Agent) error {
	var asked struct {
		Act string `json:"act"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || !strings.HasPrefix(asked.Act, Root) || len(asked.Act) > 2000 {
		return fault.New(fault.Invalid, login.ReasonRequestInvalid, err)
	}
	h, err := c.holder(r.Context(), staff.Member{ID: who.ID, Name: who.Name})
	if err != nil {
		return err
	}
	options, session, err := c.webauthn.BeginLogin(h)
	if err != nil {
		return fault.New(fault.Forbidden, login.ReasonProofInvalid, explained(err))
	}
	if err := c.keep(w, ceremony{Kind: confirming, Session: *session, Staff: who.ID, Act: asked.Act}); err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, struct {
		Options *protocol.CredentialAssertion `json:"options"`
	}{options})
	return nil
}

func (c *Console) finishConfirming(w http.ResponseWriter, r *http.Request, who Agent) error {
	one, once, err := c.resume(w, r, confirming)
	if err != nil {
		return err
	}
	if one.Staff != who.ID {
		return gone(fault.ErrNotFound)
	}
	h, err := c.holder(r.Context(), staff.Member{ID: who.ID, Name: who.Name})
	if err != nil {
		return err
	}
	used, err := c.webauthn.FinishLogin(h, one.Session, r)
	if err != nil {
		return fault.New(fault.Forbidden, login.ReasonProofInvalid, explained(err))
	}
	k, err := c.d.Passkeys.PasskeyByCredential(r.Context(), used.ID)
	if err != nil || k.Staff != who.ID {
		return fault.New(fault.Forbidden, login.ReasonProofInvalid, err)
	}
	if used.Authenticator.CloneWarning {
		c.d.PasskeyAudit.PasskeyCopied(r.Context(), k)
		return fault.New(fault.Forbidden, login.ReasonProofReplayed, nil)
	}
	if k.Record, err = json.Marshal(used); err != nil {
		return err
	}
	if err := c.d.Passkeys.UsePasskey(r.Context(), k, c.d.Now(), once); err != nil {
		return gone(err)
	}
	proof, err := c.sealConfirmation(who, one.Act)
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, struct {
		Confirmed string `json:"confirmed"`
	}{proof})
	return nil
}

func (c *Console) sealConfirmation(who Agent, act string) (string, error) {
	plain, err := json.Marshal(confirmation{
		Staff: who.ID, Browser: who.session[:], Act: act, Nonce: login.NewID(), Expires: c.d.Now().Add(confirmLife),
	})
	if err != nil {
		return "", err
	}
	sealed, err := c.d.Sealer.Encrypt(plain, []byte(sealedConfirmation))
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// useConfirmation takes a proof that was given by this person, in this browser, for this
// act, a moment ago, and not before.
func (c *Console) useConfirmation(r *http.Request, who Agent, proof string) error {
	refused := fault.New(fault.Gone, login.ReasonRequestExpired, nil)
	sealed, err := base64.RawURLEncoding.DecodeString(proof)
	if err != nil {
		return refused
	}
	plain, err := c.d.Sealer.Decrypt(sealed, []byte(sealedConfirmation))
	if err != nil {
		return refused
	}
	var one confirmation
	if err := json.Unmarshal(plain, &one); err != nil {
		return refused
	}
	if one.Staff != who.ID || !bytes.Equal(one.Browser, who.session[:]) || one.Act != r.URL.EscapedPath() || !c.d.Now().Before(one.Expires) {
		return refused
	}
	once := login.ReplayKey{Hash: secret.Of("console confirmation " + one.Nonce).Hash(), Expires: one.Expires}
	return gone(c.d.Replays.UseOnce(r.Context(), once))
}
