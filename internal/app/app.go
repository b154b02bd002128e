package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"avain/internal/account/activation"
	"avain/internal/account/privacy"
	"avain/internal/config"
	"avain/internal/console"
	"avain/internal/core/alerting"
	"avain/internal/core/attempt"
	"avain/internal/core/availability"
	"avain/internal/core/notices"
	"avain/internal/core/people"
	"avain/internal/core/provisioning"
	"avain/internal/domain/login"
	"avain/internal/methods/bank"
	"avain/internal/methods/link"
	"avain/internal/oidc/authorize"
	"avain/internal/oidc/discovery"
	"avain/internal/oidc/endsession"
	"avain/internal/oidc/firstparty"
	"avain/internal/oidc/token"
	"avain/internal/platform/apikey"
	"avain/internal/platform/audit"
	"avain/internal/platform/connlimit"
	"avain/internal/platform/expiry"
	"avain/internal/platform/jobs"
	"avain/internal/platform/mail"
	"avain/internal/platform/notify"
	"avain/internal/platform/passhash"
	"avain/internal/platform/store"
	"avain/internal/platform/telemetry"
	"avain/internal/platform/web"
)

// Deps are what the outside gives. Only Log is needed.
type Deps struct {
	Log *slog.Logger
	Now func() time.Time // default time.Now
	// Mount adds routes beside the service's own: the demo's landing page.
	Mount func(mux *http.ServeMux, kit *web.Kit) error
	// Sample says on the pages that show how logins go that the figures are made up: the
	// demo's are.
	Sample bool
}

// Service is the whole service, ready to be served.
type Service struct {
	Public http.Handler // for people and apps
	Admin  http.Handler // for the operator: metrics and health
	// Connections bounds those of the public listener; it has to guard the server that
	// serves Public.
	Connections *connlimit.Limiter
	People      *people.People
	Store       *store.Store
	Audit       *audit.Log
	Gate        *availability.Gate
	Notices     *notices.Board
	Rates       *alerting.Detector // how logins go
	Jobs        *jobs.Runner
	Mails       *activation.Mails // nil without a mail server
	Rules       passhash.Rules    // that new passwords keep

	WrongTries *people.WrongTries // of this node, that are not in the database yet

	APIKeys  *apikey.Keys           // of the admin API
	Importer *provisioning.Importer // of files of people
	Privacy  *privacy.Feature       // exports and erases people
	Console  *console.Console       // of those who help people

	kit      *web.Kit
	room     *notify.Hub
	stopping atomic.Bool
	ready    *telemetry.Readiness
	house    housekeeping
	mailer   *mail.Mailer   // nil without a mail server
	closers  []func() error // in the order of opening
}

// New puts the service together over a migrated database. It starts nothing that
// outlives an error; Close gives back what it took.
func New(ctx context.Context, c config.Config, d Deps) (s *Service, err error) {
	if d.Now == nil {
		d.Now = time.Now
	}
	s = &Service{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	m, err := s.mechanisms(ctx, c, d)
	if err != nil {
		return s, err
	}

	// Domain.
	if s.People, err = s.people(ctx, c, d, m); err != nil {
		return s, err
	}
	attempts := s.attempts(c, d, m)
	if err := s.board(ctx, c, d, m); err != nil {
		return s, err
	}
	if s.Gate, err = s.gate(ctx, c, d); err != nil {
		return s, err
	}

	// Features.
	base, mux, flood := c.Public.BaseURL, http.NewServeMux(), newFlood(c, m, s.Store, attempts, d.Now)
	begin, signIn, loginLink, err := s.entrance(c, d, m, attempts, flood)
	if err != nil {
		return s, err
	}
	typed := s.throttledPeople(d)
	waiting := firstparty.New(firstparty.Deps{
		Attempts: attempts, Starts: attempts, People: names{s.Store}, Passwords: typed, Marks: s.Store.Limits, Clients: m.clients, Proofs: m.proofs, Room: m.room, Keep: m.keep,
		Web: m.kit, Now: d.Now, BaseURL: base, Claims: flood.claims, Admit: begin.Admit,
		AttemptStatuses: s.Store.Attempts.AttemptStatuses, MaxWaiting: maxWaiting(ctx, c, d.Log),
	})
	own, codes, err := s.ownPages(c, d, m, attempts, flood)
	if err != nil {
		return s, err
	}
	invited, err := s.activation(c, d, m, own)
	if err != nil {
		return s, err
	}
	passwords, err := s.credentials(c, d, m, own, typed)
	if err != nil {
		return s, err
	}
	if err := s.jobs(c, d, m); err != nil {
		return s, err
	}
	tokens := token.New(token.Deps{
		Codes: attempts, Sessions: s.Store.Sessions, Replays: s.Store.Limits, People: s.Store.People, Clients: m.clients, Proofs: m.proofs, Signer: m.signer, Audit: s.Audit,
		Web: m.kit, Now: d.Now, BaseURL: base, AccessLife: c.Tokens.Access, IdleLife: c.Lifetimes.SessionIdle,
		RotationGrace: rotationGrace, Families: token.Families{Keys: m.keys.refresh, Before: m.keys.shared.Derive("refresh rotation")},
	})
	logins, err := s.devices(c, d, m, own, tokens)
	if err != nil {
		return s, err
	}
	if err := s.privacy(c, d, m, own); err != nil {
		return s, err
	}
	about := discovery.New(discovery.Deps{
		Signer: m.signer, Brokers: m.brokers, Gate: s.Gate, Notices: s.Notices, Clients: m.clients, Web: m.kit, BaseURL: base,
		Scopes: scopes(c), ACR: levels(c), Locales: c.Brand.Languages, Stores: discovery.Stores(c.Brand.Stores), Apps: apps(c),
	})
	out := endsession.New(endsession.Deps{
		Browser: own, Sessions: s.Store.Sessions, Clients: m.clients, Signer: m.signer, Audit: s.Audit, Web: m.kit, Now: d.Now,
	})
	help, err := s.support(ctx, c, d, m)
	if err != nil {
		return s, err
	}
	if err := mount(mux, d, m.kit, append(help, begin, signIn, loginLink, waiting, own, codes, invited, passwords, tokens, logins, s.Privacy, about, out)...); err != nil {
		return s, err
	}
	s.room, s.kit = m.room, m.kit
	s.Public = m.tracing.Middleware(m.kit.Middleware(mux))
	if s.ready, err = m.ready(s, d); err != nil {
		return s, err
	}
	s.Admin = s.adminAPI(c, d, m, m.admin(s.ready))
	s.house = s.housekeeping(c, d, m, flood, waiting)
	return s, m.signer.Start(ctx)
}

// ReloadPictures reads the operator's pictures (brand.pictures) again. After an error the
// ones before go on.
func (s *Service) ReloadPictures() error { return s.kit.ReloadAssets() }

// attempts is the one mover of attempts, and whom it tells.
func (s *Service) attempts(c config.Config, d Deps, m mechanisms) *attempt.Attempts {
	return attempt.New(attempt.Deps{
		Attempts: s.Store.Attempts, Handles: s.Store.Attempts, BrokerRequests: s.Store.Attempts, QRPages: s.Store.Attempts, Sessions: s.Store.Sessions,
		People: names{s.Store}, Now: d.Now, Lifetimes: lifetimes(c), DigitsKeys: m.keys.shared.Derive("six digits"),
		QRKeys: m.keys.shared.Derive("qr codes"),
		Observe: func(a login.Attempt, e login.Event) {
			m.metrics.AttemptMoved(a, e)
			m.tallies.Observe(a, e)
			m.room.Notify(a.ID)
			m.announcer.Announce(a.ID)
		},
		Scanned: func(page string) { m.room.Notify(page); m.announcer.Announce(page) },
		Audit:   s.Audit, LoggedIn: m.events.loggedIn,
	})
}

// entrance is where a login begins. Two features lead to each other through the state of
// an attempt: sign-in hands back to the dispatcher, and the dispatcher shows its pages.
func (s *Service) entrance(
	c config.Config, d Deps, m mechanisms, attempts *attempt.Attempts, flood *flood,
) (begin *authorize.Feature, signIn *bank.Feature, loginLink *link.Feature, err error) {
	begin = authorize.New(authorize.Deps{
		Attempts: attempts, Gate: s.Gate, Clients: m.clients, Proofs: m.proofs, Cookies: m.cookies, Web: m.kit, Now: d.Now,
		BaseURL: c.Public.BaseURL, AttemptLife: c.Lifetimes.Attempt, Limit: flood.start,
		Show:    func(w http.ResponseWriter, r *http.Request, a login.Attempt) error { return signIn.Show(w, r, a) },
		Confirm: func(w http.ResponseWriter, r *http.Request, a login.Attempt) error { return loginLink.Show(w, r, a) },
	})
	if signIn, err = bank.New(bank.Deps{
		Attempts: attempts, BrokerRequests: attempts, Brokers: m.brokers, Gate: s.Gate, Notices: s.Notices, People: s.People, Clients: m.clients, Cookies: m.cookies,
		Web: m.kit, Continue: begin.Continue, Back: begin.Back,
	}); err != nil {
		return nil, nil, nil, err
	}
	if loginLink, err = link.New(link.Deps{
		Attempts: attempts, People: names{s.Store}, Clients: m.clients, Cookies: m.cookies,
		Notices: s.Notices, Web: m.kit, Answer: begin.Answer, Back: begin.Back,
	}); err != nil {
		return nil, nil, nil, err
	}
	return begin, signIn, loginLink, nil
}

// feature mounts itself.
type feature interface{ Mount(mux *http.ServeMux) }

func mount(mux *http.ServeMux, d Deps, kit *web.Kit, features ...feature) error {
	for _, f := range features {
		f.Mount(mux)
	}
	mux.Handle("GET /static/", kit.Static())
	if d.Mount == nil {
		return nil
	}
	return d.Mount(mux, kit)
}

func (s *Service) housekeeping(c config.Config, d Deps, m mechanisms, flood *flood, waiting *firstparty.Feature) housekeeping {
	return housekeeping{
		audit: s.Audit,
		db:    s.Store, signer: m.signer, brokers: m.brokers, metrics: m.metrics, crowd: flood.crowd,
		announcer: m.announcer, room: m.room, waiting: waiting, people: s.People, wrong: s.WrongTries, jobs: s.Jobs, mails: s.Mails != nil,
		notices: s.Notices, languages: c.Brand.Languages, tallies: m.tallies, rates: s.Rates, keep: m.keep, retention: retention(c), now: d.Now, log: d.Log,
		ready: s.ready, endings: expiry.New(expiry.Deps{Read: c.Endings, Now: d.Now, Log: d.Log, Seen: m.metrics.EndingsSeen}),
	}
}

// Run keeps house until the context ends, and returns when everything has stopped.
func (s *Service) Run(ctx context.Context) { s.house.run(ctx) }

// Leave says at /readyz that this node will go, while it goes on serving.
func (s *Service) Leave() {
	s.stopping.Store(true)
	s.ready.Forget()
}

// Drain sends home the apps that wait for their logins, so that the server can stop:
// they ask again, another node or this one when it is back. Call it first.
func (s *Service) Drain() {
	s.Leave()
	s.room.Close()
}

var errStopping = errors.New("the service is stopping")

// serving tells load balancers to send nobody to a node that stops.
func (s *Service) serving() error {
	if s.stopping.Load() {
		return errStopping
	}
	return nil
}

// Close gives back what the service took, last first. Its handlers must not be
// called any more.
func (s *Service) Close() error {
	var failed []error
	for _, v := range slices.Backward(s.closers) {
		failed = append(failed, v())
	}
	s.closers = nil
	return errors.Join(failed...)
}
