package login

import (
	"slices"
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

	Stage Stage
	// Source is whom it counts against while it is unfinished, and who it was when nobody
	// knows better. Of what is written only the network is read back.
	Source Source

	CreatedAt     time.Time
	UpdatedAt     time.Time
	ExpiresAt     time.Time
	CodeExpiresAt time.Time // end of the authorization code's life; zero before one went out
	Session       string    // the session that redeeming made

	// What pages and the gate decide by. The timeline says the same, to people: whoever
	// can write lines into it must not change what is decided (threat 47).
	ProvedAt    time.Time // when the person proved who they are; zero before
	DigitsUntil time.Time // end of the six digits that the browser shows; zero when it shows none
	Turned      Reason    // why the person is back from the bank, or never left; empty while a journey goes on

	Timeline []Event
}

// Stage is how far its person has come with a login that nobody has finished yet: what
// they would lose if it ended.
type Stage int

// The stages.
const (
	StageBegun Stage = iota // an app has asked for it
	StageShown              // a browser was shown its page
	StageLeft               // its person has left for a broker at least once
)

// Source is where a login comes from, as keyed hashes: enough to count by, and nobody's
// address.
type Source struct {
	// Network is one IPv4 address or one IPv6 /56, which is what one home gets; or, for a
	// client that has proved who it is, that client: its server has one address, and the
	// people behind it have others.
	Network secret.Hash
	Site    secret.Hash // the IPv6 /48; zero where there is none
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

	// The same line, come again, is one line: how often, and when first. At is then the
	// last time. Zero for what happened once.
	Count int       `json:"count,omitempty"`
	Since time.Time `json:"since,omitzero"`
}

// Same reports whether two lines say the same, but for when and how often.
func (e Event) Same(other Event) bool {
	e.At, e.Count, e.Since = other.At, other.Count, other.Since
	return e == other
}

// browsersApart is how many browsers have a line each of what is otherwise the same. A
// browser says itself which one it is, so one program can be thousands (threat 47);
// nobody's login needs more than two.
const browsersApart = 8

// Fold looks for the line of the timeline that the event repeats. It returns the event as
// the line that takes its place, with how often that has happened, and that line; nil
// when it repeats none. From the ninth browser on, another browser is a repetition too:
// of the line before.
func (a Attempt) Fold(e Event) (Event, *Event) {
	others := 0
	var last *Event
	for _, line := range slices.Backward(a.Timeline) {
		if line.Same(e) {
			return line.again(e), &line
		}
		alike := line
		alike.Browser = e.Browser
		if alike.Same(e) {
			if others++; last == nil {
				last = &line
			}
		}
	}
	if others >= browsersApart {
		return last.again(e), last
	}
	return e, nil
}

// again is the line with the event that repeats it.
func (e Event) again(next Event) Event {
	if next.Since = e.Since; next.Since.IsZero() {
		next.Since = e.At
	}
	next.Count = max(e.Count, 1) + 1
	return next
}

// Weighs reports whether the line tells of something that support must find however
// much else has happened to the login: who came in, what was let out, and what smells
// of theft. The rest are pages that were loaded and banks that were chosen.
func (e Event) Weighs() bool {
	switch e.Step {
	case StepOpen, StepIdentify, StepClaim, StepApprove, StepConfirm, StepRedeem, StepDigits, StepReport, StepPassword, StepCancel:
		return true
	default:
		return e.Reason == ReasonOtherBrowser
	}
}

// Decides is what the line changes of Attempt.Turned; false when nothing. What somebody
// else's browser did changes nothing.
func (e Event) Decides() (turned Reason, ok bool) {
	switch {
	case e.Step == StepChoose && e.Outcome == OutcomeOK:
		return "", true
	case (e.Step == StepChoose || e.Step == StepReturn) && e.Reason != ReasonOtherBrowser:
		return e.Reason, true
	default:
		return "", false
	}
}

// The outcomes of an event.
const (
	OutcomeOK      = "ok"
	OutcomeRefused = "refused" // someone was told no; the attempt itself may go on
	OutcomeFailed  = "failed"
)

// EndedBy reports whether this event, which has just been written, ended the attempt:
// lines that are added to one that is over do not end it again.
func (a Attempt) EndedBy(e Event) bool {
	if !a.State.Over() || len(a.Timeline) == 0 {
		return false
	}
	last := a.Timeline[len(a.Timeline)-1]
	return last.Step == e.Step && last.At.UnixMilli() == e.At.UnixMilli() && a.UpdatedAt.UnixMilli() == e.At.UnixMilli()
}
