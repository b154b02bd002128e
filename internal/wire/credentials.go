package wire

import (
	"context"
	"time"

	"avain/internal/config"
	"avain/internal/credentials"
	"avain/internal/login"
	"avain/internal/me"
	"avain/internal/password"
	"avain/internal/people"
	"avain/internal/web"
)

// A person mistypes a few times a minute; a machine behind the same address as a whole
// office does not get further than this either.
const (
	passwordsAtOnce = 60
	passwordsEach   = time.Second
)

// credentials are the pages of Smartum credentials.
func (s *Service) credentials(c config.Config, d Deps, m mechanisms, own *me.Feature) (*credentials.Feature, error) {
	s.Rules = password.Rules{MinLength: c.Credentials.MinLength}
	if c.Credentials.LeakedFile != "" {
		list, err := password.OpenLeaked(c.Credentials.LeakedFile)
		if err != nil {
			return nil, err
		}
		s.closers = append(s.closers, list.Close)
		s.Rules.Leaked = list.Has
	}
	perNetwork := web.NewLimiter(web.Limit{Burst: passwordsAtOnce, Each: passwordsEach}, maxLimited, d.Now)
	return credentials.New(credentials.Deps{
		People: s.People, Sessions: s.Store, Audit: s.Audit, Browsers: m.cookies, Web: m.kit, Now: d.Now, Rules: s.Rules,
		App: c.Brand.Name, SignIn: "/me", Enter: own.Enter, Refused: own.Refused,
		Limit: func(ctx context.Context) error { return perNetwork.Check(web.NetworkKey(ctx)) },
		Admit: func(ctx context.Context) error {
			return s.Gate.Admit(ctx, login.MethodCredentials, login.Asker{}, true)
		},
	})
}

// passwordLetters are sent by jobs.
func (s *Service) passwordLetters(c config.Config, m mechanisms) {
	credentials.NewLetters(credentials.LetterDeps{People: s.People, Sender: s.mailer, BaseURL: c.Public.BaseURL}).Handle(s.Jobs)
	m.metrics.JobKinds(people.JobPasswordReset, people.JobPasswordChanged)
}
