package wire

import (
	"net/url"

	"avain/internal/attempt"
	"avain/internal/config"
	"avain/internal/me"
	"avain/internal/platform/browsersession"
	"avain/internal/qrlogin"
)

// ownPages are the pages that a person signs in to, and the QR codes on them.
func (s *Service) ownPages(c config.Config, d Deps, m mechanisms, attempts *attempt.Attempts, flood *flood) (*me.Feature, *qrlogin.Feature, error) {
	address, err := url.Parse(c.Public.BaseURL)
	if err != nil {
		return nil, nil, err
	}
	own, err := me.New(me.Deps{
		Attempts: attempts, Sessions: s.Store, Audit: s.Audit, Browsers: m.cookies, SignedIn: browsersession.NewWeb(address),
		Devices: m.devices, Recognise: s.People.Recognise,
		Web: m.kit, Now: d.Now, BaseURL: c.Public.BaseURL, App: c.Brand.Name, Stores: me.Stores(c.Brand.Stores), Limit: flood.start,
		Waiting: s.People.Waiting, Passwords: s.passwordsOn,
	})
	if err != nil {
		return nil, nil, err
	}
	codes, err := qrlogin.New(qrlogin.Deps{
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
