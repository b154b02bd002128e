package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/staff"
	"avain/internal/platform/web"
	"avain/internal/secret"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// newWebAuthn knows one address and one host: what was signed for another is refused
// (phishing), and so is what was made without asking who holds the authenticator.
func newWebAuthn(base *url.URL, name string) (*webauthn.WebAuthn, error) {
	return webauthn.New(&webauthn.Config{
		RPID: base.Hostname(), RPDisplayName: name, RPOrigins: []string{base.Scheme + "://" + base.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired,
		},
	})
}

// holder is somebody of the staff as WebAuthn sees them.
type holder struct {
	staff staff.Member
	keys  []webauthn.Credential
}

// WebAuthnID is the random id: it lies on the authenticator and says nothing.
func (h holder) WebAuthnID() []byte { return []byte(h.staff.ID) }

// WebAuthnName is shown by the authenticator.
func (h holder) WebAuthnName() string { return h.staff.Name }

// WebAuthnDisplayName is shown by the authenticator.
func (h holder) WebAuthnDisplayName() string { return h.staff.Name }

// WebAuthnCredentials are the passkeys.
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

func (c *Console) holder(ctx context.Context, staff staff.Member) (holder, error) {
	keys, err := c.d.Passkeys.PasskeysOf(ctx, staff.ID)
	if err != nil {
		return holder{}, err
	}
	h := holder{staff: staff}
	for _, k := range keys {
		var one webauthn.Credential
		if err := json.Unmarshal(k.Record, &one); err != nil {
			return holder{}, err
		}
		h.keys = append(h.keys, one)
	}
	return h, nil
}

// beginMaking starts the making of a passkey and answers what the browser's part needs.
func (c *Console) beginMaking(w http.ResponseWriter, r *http.Request, kind string, staff staff.Member, invitation secret.Hash) error {
	h, err := c.holder(r.Context(), staff)
	if err != nil {
		return err
	}
	options, session, err := c.webauthn.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.keys).CredentialDescriptors()))
	if err != nil {
		return err
	}
	one := ceremony{Kind: kind, Session: *session, Staff: staff.ID}
	if !invitation.Zero() {
		one.Invitation = invitation[:]
	}
	if err := c.keep(w, one); err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, struct {
		Name    string                       `json:"name"`
		Options *protocol.CredentialCreation `json:"options"`
	}{staff.Name, options})
	return nil
}

// finishMaking checks what the authenticator has made, and writes it.
// With whose, it must be theirs: somebody else may have signed in to the browser since.
func (c *Console) finishMaking(w http.ResponseWriter, r *http.Request, kind, whose string) (staff.Passkey, error) {
	one, once, err := c.resume(w, r, kind)
	if err != nil {
		return staff.Passkey{}, err
	}
	if whose != "" && whose != one.Staff {
		return staff.Passkey{}, gone(fault.ErrNotFound)
	}
	member, err := c.d.Staff.StaffByID(r.Context(), one.Staff)
	if err != nil {
		return staff.Passkey{}, gone(err)
	}
	h, err := c.holder(r.Context(), member)
	if err != nil {
		return staff.Passkey{}, err
	}
	made, err := c.webauthn.FinishRegistration(h, one.Session, r)
	if err != nil {
		return staff.Passkey{}, fault.New(fault.Forbidden, login.ReasonProofInvalid, explained(err))
	}
	record, err := json.Marshal(made)
	if err != nil {
		return staff.Passkey{}, err
	}
	var invitation secret.Hash
	copy(invitation[:], one.Invitation)
	k := staff.Passkey{
		ID: login.NewID(), Staff: member.ID, Credential: made.ID, Name: web.BrowserLabel(r), Record: record, CreatedAt: c.d.Now(),
	}
	if err := c.d.Audit.Atomically(r.Context(), func(ctx context.Context) error {
		c.d.PasskeyAudit.PasskeyAdded(ctx, k)
		return c.d.Passkeys.AddPasskey(ctx, k, invitation, c.d.Now(), once)
	}); err != nil {
		return staff.Passkey{}, gone(err)
	}
	return k, nil
}

// finishUsing checks what an authenticator has signed, and answers which passkey it was.
func (c *Console) finishUsing(w http.ResponseWriter, r *http.Request) (staff.Passkey, login.ReplayKey, error) {
	one, once, err := c.resume(w, r, signingIn)
	if err != nil {
		return staff.Passkey{}, once, err
	}
	var found staff.Passkey
	_, used, err := c.webauthn.FinishPasskeyLogin(func(id, handle []byte) (webauthn.User, error) {
		k, err := c.d.Passkeys.PasskeyByCredential(r.Context(), id)
		if err != nil {
			return nil, err
		}
		staff, err := c.d.Staff.StaffByID(r.Context(), k.Staff)
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(handle, []byte(staff.ID)) || staff.Disabled() {
			return nil, fault.ErrNotFound
		}
		found = k
		return c.holder(r.Context(), staff)
	}, one.Session, r)
	if err != nil {
		return staff.Passkey{}, once, fault.New(fault.Forbidden, login.ReasonProofInvalid, explained(err))
	}
	if used.Authenticator.CloneWarning {
		// The counter went back: somebody has a copy. Whoever comes first would be believed.
		c.d.PasskeyAudit.PasskeyCopied(r.Context(), found)
		return staff.Passkey{}, once, fault.New(fault.Forbidden, login.ReasonProofReplayed, nil)
	}
	if found.Record, err = json.Marshal(used); err != nil {
		return staff.Passkey{}, once, err
	}
	return found, once, nil
}

// gone turns what the store says of a link or passkey that is of no use into one answer.
func gone(err error) error {
	if errors.Is(err, fault.ErrNotFound) || errors.Is(err, fault.ErrReplayed) {
		return fault.New(fault.Gone, login.ReasonRequestExpired, err)
	}
	if errors.Is(err, fault.ErrExists) {
		return fault.New(fault.Conflict, login.ReasonProofReplayed, err)
	}
	return err
}

// explained keeps the library's words, which say what was wrong and repeat no secret.
func explained(err error) error {
	if e, ok := errors.AsType[*protocol.Error](err); ok {
		return errors.New(e.Type + ": " + e.Details)
	}
	return err
}
