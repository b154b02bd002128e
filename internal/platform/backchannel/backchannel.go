package backchannel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/platform/jobs"
	"avain/internal/platform/outbound"
	"avain/internal/protocol/signing"
)

const (
	// workers is how many tokens a client gets at once from one node, however many
	// sessions have ended: a lock of somebody with thousands is no attack on the client.
	workers = 4
	// deliverTime bounds one try. A client has only to forget a session.
	deliverTime = 10 * time.Second
	// tokenLife is the longest that the specification advises (§2.4).
	tokenLife = 2 * time.Minute
	// refusals is how often a client may say that a token is wrong before it is believed:
	// about ten minutes, twice as long as it may keep our keys.
	refusals = 8
)

// options make the tries of a token spread over about three days: 5 s, 10 s, 20 s … 5 h 41
// min, and then every six hours. The first ones follow quickly, because until then the
// person, or a thief, is still in.
func options() jobs.Options {
	return jobs.Options{
		Workers: workers, Tries: 24, Timeout: deliverTime + 10*time.Second, Rest: withoutSubject,
		Backoff: jobs.Backoff{First: 5 * time.Second, Most: 6 * time.Hour},
	}
}

// Config is what a Sender needs.
type Config struct {
	Issuer  string
	Clients []login.Client // all of them; those with an address are told
	// Subject is the sub by which the client knows a person.
	Subject func(c login.Client, p login.Person) string
	Now     func() time.Time
	Log     *slog.Logger
}

// Signer signs tokens: package signing.
type Signer interface {
	Sign(ctx context.Context, alg, typ string, claims any) (string, error)
}

// Sender orders and delivers logout tokens. It is safe for concurrent use.
type Sender struct {
	Config
	clients map[string]login.Client // that are told, by id
	door    *outbound.Door
	timeout time.Duration // of one try
}

// New makes a sender. The addresses of the clients must be valid.
func New(config Config) (*Sender, error) {
	s := &Sender{Config: config, clients: map[string]login.Client{}, timeout: deliverTime}
	var addresses []string
	for _, c := range config.Clients {
		if c.BackchannelLogoutURI != "" {
			s.clients[c.ID], addresses = c, append(addresses, c.BackchannelLogoutURI)
		}
	}
	var err error
	if s.door, err = outbound.NewDoor(addresses, workers); err != nil {
		return nil, fmt.Errorf("back-channel logout: %w", err)
	}
	return s, nil
}

// Close gives up idle connections. No delivery may run any more.
func (s *Sender) Close() { s.door.Close() }

// notice is the payload of a job. The person may be erased before the client has been
// told, so their sub stands in it; it is the one that this client knows already, and goes
// with the job, or when the job is given up.
type notice struct {
	Session string `json:"sid"`
	Subject string `json:"sub,omitempty"`
}

// Jobs are the deliveries that follow from the end of a session: one, or none when its
// client has no address, and then nobody is asked for the person's subject. Order them in
// the transaction that ends the session. Each client has a kind, and so workers and a list
// of dead jobs, of its own: one that hangs delays no other.
func (s *Sender) Jobs(ended login.Session, subject func() (string, error)) ([]queue.Job, error) {
	c, told := s.clients[ended.Client]
	if !told {
		return nil, nil
	}
	about := notice{Session: ended.ID}
	sub, err := subject()
	if err != nil {
		return nil, err
	}
	if sub != "" {
		about.Subject = s.Subject(c, login.Person{ID: ended.Person, Subject: sub})
	}
	payload, err := json.Marshal(about)
	if err != nil {
		return nil, fmt.Errorf("back-channel logout: %w", err)
	}
	now := s.Now()
	return []queue.Job{{ID: login.NewID(), Kind: queue.KindLogout + c.ID, Payload: payload, At: now, CreatedAt: now}}, nil
}

// withoutSubject is what is kept of a job that was given up. Begun again it still says
// which session has ended.
func withoutSubject(payload []byte) []byte {
	var about notice
	if json.Unmarshal(payload, &about) != nil {
		return []byte("{}")
	}
	about.Subject = ""
	rest, err := json.Marshal(about)
	if err != nil {
		return []byte("{}")
	}
	return rest
}

// Register gives the runner a handler per client that is told.
func (s *Sender) Register(r *jobs.Runner, sign Signer) {
	for _, c := range s.Clients {
		if _, told := s.clients[c.ID]; told {
			r.Handle(queue.KindLogout+c.ID, func(ctx context.Context, j queue.Job) error { return s.deliver(ctx, sign, c, j) }, options())
		}
	}
}

// claims are those of a logout token (§2.4). It must have no nonce: that is how a client
// tells it from an ID token, beside its typ.
type claims struct {
	Issuer   string              `json:"iss"`
	Audience string              `json:"aud"`
	Issued   int64               `json:"iat"`
	Expires  int64               `json:"exp"`
	ID       string              `json:"jti"`
	Events   map[string]struct{} `json:"events"`
	Session  string              `json:"sid"`
	Subject  string              `json:"sub,omitempty"`
}

const event = "http://schemas.openid.net/event/backchannel-logout"

var errPayload = errors.New("the payload names no session")

// deliver is one try. The token gets a jti of its own each time: a client that has taken
// the first one and whose answer was lost would refuse a repetition.
func (s *Sender) deliver(ctx context.Context, sign Signer, c login.Client, j queue.Job) error {
	var about notice
	if err := json.Unmarshal(j.Payload, &about); err != nil || !login.ValidID(about.Session) {
		return jobs.Stop(errPayload)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	now := s.Now()
	token, err := sign.Sign(ctx, c.Alg, signing.TypLogoutToken, claims{
		Issuer: s.Issuer, Audience: c.ID, Issued: now.Unix(), Expires: now.Unix() + int64(tokenLife.Seconds()), ID: login.NewID(),
		Events: map[string]struct{}{event: {}}, Session: about.Session, Subject: about.Subject,
	})
	if err != nil {
		return err
	}
	status, answer, err := s.door.Post(ctx, c.BackchannelLogoutURI, http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Cache-Control": {"no-store"}, "User-Agent": {"avain"},
	}, url.Values{"logout_token": {token}}.Encode())
	if err != nil {
		return err
	}
	if err := s.judge(j, status, answer); err != nil {
		return err
	}
	s.Log.InfoContext(ctx, "a client was told that a session has ended", "client", c.ID, "job", j.ID, "try", j.Tries)
	return nil
}

// judge decides by the status alone (§2.8). 400 says that the token is wrong or that the
// logout has failed; which, nobody can tell, so it is tried again as long as the client's
// copy of our keys may be the reason, but not for days: some clients answer so when they
// have ended the session themselves.
func (s *Sender) judge(j queue.Job, status int, answer http.Header) error {
	failed := fmt.Errorf("http_%d", status)
	switch {
	case status == http.StatusOK, status == http.StatusNoContent:
		return nil
	case status == http.StatusBadRequest && j.Tries >= refusals:
		return jobs.Stop(failed)
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return jobs.After(failed, outbound.RetryAfter(answer, s.Now()))
	}
	return failed
}
