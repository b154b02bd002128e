package app

import (
	"context"
	"time"

	"avain/internal/account/home"
	"avain/internal/config"
	"avain/internal/core/people"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/methods/password"
	"avain/internal/platform/passhash"
	"avain/internal/platform/web"
)

// A person mistypes a few times a minute; a machine behind the same address as a whole
// office does not get further than this either.
const (
	passwordsAtOnce = 60
	passwordsEach   = time.Second
)

// throttledPeople are people to whoever types a password. One budget per network pays for all
// of it, in the app and on the pages: who sprays one password over many names chooses
// the path, and must not get a budget for each (threat 46).
type throttledPeople struct {
	*people.People
	perNetwork *web.Limiter
}

// CheckPassword is people.CheckPassword, within the network's budget.
func (k throttledPeople) CheckPassword(ctx context.Context, t people.Try) (login.Person, error) {
	if err := k.limit(ctx); err != nil {
		return login.Person{}, err
	}
	return k.People.CheckPassword(ctx, t)
}

func (k throttledPeople) limit(ctx context.Context) error {
	return k.perNetwork.Check(web.NetworkKey(ctx))
}

// throttledPeople makes the one budget of this node.
func (s *Service) throttledPeople(d Deps) throttledPeople {
	return throttledPeople{s.People, web.NewLimiter(web.Limit{Burst: passwordsAtOnce, Each: passwordsEach}, maxLimited, d.Now)}
}

// credentials are the pages of Smartum credentials.
func (s *Service) credentials(c config.Config, d Deps, m mechanisms, own *home.Feature, typed throttledPeople) (*password.Feature, error) {
	s.Rules = passhash.Rules{MinLength: c.Credentials.MinLength}
	if c.Credentials.LeakedFile != "" {
		list, err := passhash.OpenLeaked(c.Credentials.LeakedFile)
		if err != nil {
			return nil, err
		}
		s.closers = append(s.closers, list.Close)
		s.Rules.Leaked = list.Has
	}
	return password.New(password.Deps{
		People: typed, Sessions: s.Store.Sessions, Audit: s.Audit, Browsers: m.cookies, Devices: m.devices, Web: m.kit, Now: d.Now, Rules: s.Rules,
		App: c.Brand.Name, SignIn: "/me", Enter: own.Enter, Refused: own.Refused,
		Limit: typed.limit,
		Admit: func(ctx context.Context) error {
			return s.Gate.Admit(ctx, login.MethodCredentials, operations.Viewer{}, true)
		},
	})
}

// passwordLetters are sent by jobs.
func (s *Service) passwordLetters(c config.Config, m mechanisms) {
	password.NewLetters(password.LetterDeps{People: s.People, Sender: s.mailer, BaseURL: c.Public.BaseURL}).Handle(s.Jobs)
	m.metrics.JobKinds(people.JobPasswordReset, people.JobPasswordChanged)
}
