package app

import (
	"net/url"

	"avain/internal/account/home"
	"avain/internal/config"
	"avain/internal/core/attempt"
	"avain/internal/methods/qr"
	"avain/internal/platform/browsersession"
)

// ownPages are the pages that a person signs in to, and the QR codes on them.
func (s *Service) ownPages(c config.Config, d Deps, m mechanisms, attempts *attempt.Attempts, flood *flood) (*home.Feature, *qr.Feature, error) {
	address, err := url.Parse(c.Public.BaseURL)
	if err != nil {
		return nil, nil, err
	}
	own, err := home.New(home.Deps{
		Attempts: attempts, Sessions: s.Store.Sessions, People: s.Store.People, Audit: s.Audit, Browsers: m.cookies, SignedIn: browsersession.NewWeb(address),
		Devices: m.devices, Recognise: s.People.Recognise,
		Web: m.kit, Now: d.Now, BaseURL: c.Public.BaseURL, App: c.Brand.Name, Stores: home.Stores(c.Brand.Stores), Limit: flood.start,
		Waiting: s.People.Waiting, Passwords: s.passwordsOn,
	})
	if err != nil {
		return nil, nil, err
	}
	codes, err := qr.New(qr.Deps{
		Attempts: attempts, Room: m.room, Web: m.kit, Now: d.Now, App: c.Brand.Name, OpenLink: openLink(c), Signed: own.Signed,
	})
	return own, codes, err
}

// openLink opens the app on the phone that shows a QR code: that of the first app that
// has one.
func openLink(c config.Config) string {
	for _, client := range c.Clients {
		if client.OpenLink != "" {
			return client.OpenLink
		}
	}
	return ""
}
