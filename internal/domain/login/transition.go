package login

import (
	"time"

	"avain/internal/domain/queue"
	"avain/internal/secret"
)

// AttemptSecrets are the hashes under which a new attempt can be found. A zero
// hash means that the attempt has no such handle.
type AttemptSecrets struct {
	RequestURI  secret.Hash // of the request_uri: opens the attempt in a browser
	AuthSession secret.Hash // of the auth_session: names the attempt to the app
	Link        secret.Hash // of the login link's id
}

// ReplayKey is a mark that can be set one time only: a DPoP proof's jti, a client
// assertion's jti. It is written in the transaction of the act that it protects.
type ReplayKey struct {
	Hash    secret.Hash
	Expires time.Time
}

// Transition is one step of an attempt, written as one conditional statement: it happens
// only if the attempt is in one of the states From, has not expired, and belongs
// to the browser or key given. Zero fields leave what is there.
type Transition struct {
	Attempt string
	From    []State
	To      State
	At      time.Time
	Event   Event
	Instead *Event // the line of the timeline that Event repeats, and takes the place of

	IfBrowser secret.Hash // only if this browser owns the attempt, or nobody does yet
	Late      bool        // also after ExpiresAt: only for moves that end the attempt

	SetBrowser  secret.Hash
	SetReason   Reason
	SetIdentity *AuthResult
	SetCode     secret.Hash // hash of the authorization code that goes out
	SetCodeEnds time.Time
	SetExpires  time.Time // another end of the attempt: an approval has a minute, what follows has more

	Spend         *RateLimit     // what pays for it: when nothing is left, it does not happen
	Digits        *Digits        // six digits that the browser shows from now on; those that are there stay
	BrokerRequest *BrokerRequest // a journey to a broker that begins with this move
	EndRequest    secret.Hash    // the journey that ends with this move
	ReplayKeys    []ReplayKey    // marks set in the same transaction; ErrReplayed if one is set already
}

// Note is a line for the timeline of an attempt that stays where it is.
type Note struct {
	Event   Event
	Instead *Event // as in Move
	// Shown says that a browser was shown the attempt's page. One that nobody has opened
	// until then lives to this end; zero leaves it.
	Shown time.Time
}

// Room is what gives way when more logins are unfinished than there is room for: of those
// at the stage the newest, because what was there before a flood is no part of it. A
// login that has left for a broker gives way to nothing.
type Room struct {
	Network secret.Hash // of this network, or
	Site    secret.Hash // of this site, when Network is zero
	Stage   Stage       // StageBegun or StageShown
	Before  time.Time   // only what was begun at or before this; zero: any
	At      time.Time
	Event   Event // the line with which it ends
}

// Cost is what the person of an unfinished login loses when it ends.
type Cost int

// The costs. What was begun a moment ago is on its way to its page, and a page that was
// shown a moment ago is being read.
const (
	CostNothing Cost = iota // nobody has come for it, and nobody will
	CostLittle              // a page that has been open for a while, with no bank chosen
	CostMore                // begun a moment ago
	CostMost                // a page that was shown a moment ago
)

// Costs lists every cost, the least first.
func Costs() []Cost { return []Cost{CostNothing, CostLittle, CostMore, CostMost} }

// Crowd is how many unfinished logins come from one place.
type Crowd struct {
	Source Source // Network or Site
	Open   int64
}

// Starter is who asks for a login, as far as limits count by it.
type Starter struct {
	Client string // its id, when it has proved who it is; else empty
	Key    string // DPoP thumbprint of the app; empty without one
}

// RateLimit is how often something may be done, counted in the database: for what must
// hold on every node and after a restart. Burst at once, and one more after Each.
type RateLimit struct {
	Key      secret.Hash // of what it is for; keyed, with a secret outside the database
	Burst    int         // at least 1
	Interval time.Duration
}

// From is where somebody who claims to be a person comes from: each a keyed hash that
// leads nowhere, or zero.
type From struct {
	Person  string
	Key     string      // DPoP thumbprint
	Browser secret.Hash // of a cookie that is set when somebody has got in
	Network secret.Hash
}

// Seen says from where of it the person has come before.
type Seen struct{ Key, Browser, Network bool }

// Digits are the six digits that a browser shows to a person whose app it cannot
// reach. The hash is keyed: there are only a million of them.
type Digits struct {
	Hash    secret.Hash
	Expires time.Time
}

// AuthResult is what an attempt remembers of a proven identity: never the identity
// code or the name.
type AuthResult struct {
	Person   string
	Broker   string
	Means    string
	ACR      string
	AMR      []string
	AuthTime time.Time
}

// BrokerRequest is one journey of an attempt's browser to a broker and back. Choosing
// another bank begins another broker request; only its own answer can end it.
type BrokerRequest struct {
	State     secret.Hash // of the state parameter sent to the broker
	Attempt   string
	Broker    string
	Means     string
	StartedAt time.Time
	ExpiresAt time.Time
	Done      bool // its answer has been dealt with
}

// Redemption asks to turn an authorization code into a session. It succeeds once:
// the attempt moves to redeemed and the session is written in one transaction.
type Redemption struct {
	Code       secret.Hash
	Attempt    string
	At         time.Time
	Session    Session
	Event      Event
	ReplayKeys []ReplayKey
	Jobs       []queue.Job // what the login causes, ordered with it
}
