package app

import (
	"context"
	"time"

	"avain/internal/config"
	"avain/internal/platform/web"
	"avain/internal/public/help"
)

// commentsKept is how long what people wrote on the help pages is kept.
const commentsKept = 180 * 24 * time.Hour

// answersPerNetwork bounds how often the people of a network say whether a help page
// helped: an office has many, and a robot must not choose what the staff reads.
var answersPerNetwork = web.Limit{Burst: 20, Each: 30 * time.Second}

// help are the pages for whoever cannot log in.
func (s *Service) help(c config.Config, d Deps, m mechanisms) *help.Feature {
	answers := web.NewLimiter(answersPerNetwork, maxLimited, d.Now)
	return help.New(help.Deps{
		Gate: s.Gate, Notices: s.Notices, Store: s.Store.Operations, Web: m.kit, Now: d.Now,
		Shops:   help.Shops(c.Brand.Stores.AppStore, c.Brand.Stores.GooglePlay, c.Brand.Stores.AppGallery),
		OpenApp: openLink(c),
		Limit:   func(ctx context.Context) error { return answers.Check(web.NetworkKey(ctx)) },
	})
}
