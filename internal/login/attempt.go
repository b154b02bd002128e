package login

import (
	"time"

	"avain/internal/secret"
)

// Method is a way of logging in: how the person and the app find each other.
type Method string

// The methods of protocol.md.
const (
	MethodDirect      Method = "direct"      // browser tab opened by the app, which it returns to
	MethodLink        Method = "link"        // login link in any browser, then "Vahvista kirjautuminen"
	MethodQR          Method = "qr"          // QR code of the activation page, scanned with the app
	MethodCredentials Method = "credentials" // Smartum user name and password
)

// Methods lists every method.
func Methods() []Method {
	return []Method{MethodDirect, MethodLink, MethodQR, MethodCredentials}
}

// State is how far an attempt has come. States move only forward; package attempt
// holds the picture of which follows which.
type State string

// The states of protocol.md.
const (
	StateCreated       State = "created"       // the app has started it
	StateOpened        State = "opened"        // a browser has taken it: the first one owns it
	StateAuthenticated State = "authenticated" // the person has proved who they are
	StateConfirmed     State = "confirmed"     // direct, link: a code may go out
	StateClaimed       State = "claimed"       // qr: an app has scanned the code
	StateApproved      State = "approved"      // qr: the page has approved; a code may go out
	StateVerified      State = "verified"      // credentials: password was right; a code may go out
	StateRedeemed      State = "redeemed"      // the app is logged in
	StateDenied        State = "denied"        // the person, or their bank, said no
	StateExpired       State = "expired"       // nobody finished it in time
	StateBurned        State = "burned"        // ended by us because someone may be cheating
	StateFailed        State = "failed"        // could not go on; Reason says why
)

// States lists every state.
func States() []State {
	return []State{
		StateCreated, StateOpened, StateAuthenticated, StateConfirmed, StateClaimed, StateApproved,
		StateVerified, StateRedeemed, StateDenied, StateExpired, StateBurned, StateFailed,
	}
}

// Over reports whether nothing can follow.
func (s State) Over() bool {
	switch s {
	case StateRedeemed, StateDenied, StateExpired, StateBurned, StateFailed:
		return true
	default:
		return false
	}
}

// Attempt is one try of one person to log one app in, from its start to the code
// that the app redeems. It is one row; every secret that belongs to it is stored
// as a hash only.
type Attempt struct {
	ID          string
	SupportCode string
	Method      Method
	State       State
	Reason      Reason // why it ended; empty while it goes on and when it went well

	Client  string // client id
	Request Request
	Device  Device

	// Who may speak for this attempt.
	Key     string      // DPoP thumbprint (RFC 7638) of the app's key; empty for compatible clients without DPoP
	Browser secret.Hash // the browser that owns it, once opened

	// Who it turned out to be.
	Person   string
	Broker   string
	Means    string
	ACR      string
	AMR      []string
	AuthTime time.Time
	Place    Place // of the app, from its network address

	CreatedAt     time.Time
	UpdatedAt     time.Time
	ExpiresAt     time.Time
	CodeExpiresAt time.Time // end of the authorization code's life; zero before one went out
	Session       string    // the session that redeeming made

	Timeline []Event
}

// Request is what the client asked for at /par or /authorize, checked.
type Request struct {
	RedirectURI   string   `json:"redirect_uri"`
	State         string   `json:"state,omitempty"`
	Nonce         string   `json:"nonce,omitempty"`
	Scopes        []string `json:"scopes"`
	Resource      string   `json:"resource,omitempty"`       // whom the tokens are for (RFC 8707); empty: ourselves
	CodeChallenge string   `json:"code_challenge,omitempty"` // S256 only; empty for confidential clients that use none
	UILocales     []string `json:"ui_locales,omitempty"`
	ACRValues     []string `json:"acr_values,omitempty"`
	MaxAge        *int     `json:"max_age,omitempty"` // seconds; nil when not asked for

	// Our own pages only: the invitation that this identification activates, by its id
	// (the ticket itself is not kept), and the version of the terms that were accepted.
	Invitation string `json:"invitation,omitempty"`
	Terms      string `json:"terms,omitempty"`
}

// Event is one line of an attempt's timeline: what the support agent reads.
type Event struct {
	At      time.Time `json:"at"`
	Step    string    `json:"step"`              // start, open, choose, return, identify, code, redeem, …
	Outcome string    `json:"outcome"`           // ok, refused, failed
	Reason  Reason    `json:"reason,omitempty"`  // when not ok
	Detail  string    `json:"detail,omitempty"`  // machine words only: never a secret, name or identity code
	Browser string    `json:"browser,omitempty"` // family and major version, such as "Opera 76 on Android"
	Means   string    `json:"means,omitempty"`
	Chosen  string    `json:"chosen,omitempty"` // the means that was chosen here, when the broker reports another
	Broker  string    `json:"broker,omitempty"`
}

// The outcomes of an event.
const (
	OutcomeOK      = "ok"
	OutcomeRefused = "refused" // someone was told no; the attempt itself may go on
	OutcomeFailed  = "failed"
)
