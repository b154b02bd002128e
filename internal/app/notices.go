package app

import (
	"cmp"
	"context"
	"time"

	"avain/internal/broker"
	"avain/internal/config"
	editor "avain/internal/console/notices"
	"avain/internal/core/notices"
	"avain/internal/domain/login"
	"avain/internal/platform/web"
	"avain/internal/public/news"
)

// watchEvery is how often a node looks at its brokers for something to tell people.
const watchEvery = 2 * time.Second

// board is where notices stand. It must be there before the gate and the pages, which
// ask it.
func (s *Service) board(ctx context.Context, c config.Config, d Deps, m mechanisms) (err error) {
	s.Notices, err = notices.New(ctx, notices.Deps{
		Store: s.Store.Operations, Audit: s.Audit, Languages: c.Brand.Languages, Methods: login.Methods(), Now: d.Now, Log: d.Log,
		Means: func(ctx context.Context) []notices.MeansRef { return means(ctx, m, c.Brand.Languages[0]) },
	})
	return err
}

// means are those that are offered now, as notices name them.
func means(ctx context.Context, m mechanisms, lang string) []notices.MeansRef {
	var all []notices.MeansRef
	for _, one := range m.brokers.Offer(ctx, lang).Means {
		all = append(all, notices.MeansRef{ID: one.ID, Name: one.Name})
	}
	return all
}

// news are what the notices have said, for everybody.
func (s *Service) news(c config.Config, d Deps, m mechanisms) *news.Feature {
	return news.New(news.Deps{
		Board: s.Notices, Web: m.kit, BaseURL: c.Public.BaseURL, Languages: c.Brand.Languages, Publisher: cmp.Or(c.Brand.Company, c.Brand.Name), Now: d.Now,
		Means: func(ctx context.Context, lang, id string) string {
			for _, one := range means(ctx, m, lang) {
				if one.ID == id {
					return one.Name
				}
			}
			return id
		},
	})
}

// editor mounts the writing of notices on the console.
func (s *Service) editor(c config.Config, d Deps, m mechanisms, kit *web.Kit) {
	editor.New(editor.Deps{
		Console: s.Console, Board: s.Notices, Languages: c.Brand.Languages, Methods: login.Methods(), Web: kit, Zone: m.zone, Now: d.Now,
		Means: func(ctx context.Context, lang string) []notices.MeansRef { return means(ctx, m, lang) },
	})
}

// tellTroubles makes notices of what the brokers say about themselves, and of banks that
// cannot be reached.
func (h housekeeping) tellTroubles(ctx context.Context) error {
	offers := make(map[string]broker.Offer, len(h.languages))
	for _, lang := range h.languages {
		offers[lang] = h.brokers.Offer(ctx, lang)
	}
	return h.notices.Keep(ctx, notices.Troubles(offers))
}
