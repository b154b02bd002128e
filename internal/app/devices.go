package app

import (
	"context"

	"avain/internal/account/devices"
	"avain/internal/account/home"
	"avain/internal/config"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/oidc/token"
)

// devices are where a person is logged in.
func (s *Service) devices(c config.Config, d Deps, m mechanisms, own *home.Feature, tokens *token.Feature) (*devices.Feature, error) {
	return devices.New(devices.Deps{
		Sessions: s.Store.Sessions, People: s.Store.People, Audit: s.Audit, Web: m.kit, Now: d.Now, Origins: m.clients.OriginAllowed,
		Client: func(id string) string {
			if client, ok := m.clients.Get(id); ok && client.Name != "" {
				return client.Name
			}
			return c.Brand.Name
		},
		Signed: own.Signed, Holder: tokens.Holder,
	})
}

// loginLetters tell people of new logins.
func (s *Service) loginLetters(c config.Config, m mechanisms) {
	devices.NewLetters(devices.LetterDeps{Sessions: s.Store.Sessions, People: s.Store.People, Sender: s.mailer, BaseURL: c.Public.BaseURL}).Handle(s.Jobs)
	m.metrics.JobKinds(devices.JobNewLogin)
}

// passwordsOn reports whether Smartum credentials are a way in now.
func (s *Service) passwordsOn(ctx context.Context) bool {
	return s.Gate.Admit(ctx, login.MethodCredentials, operations.Viewer{}, true) == nil
}
