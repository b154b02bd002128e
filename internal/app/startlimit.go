package app

import (
	"context"
	"time"

	"avain/internal/config"
	"avain/internal/core/attempt"
	"avain/internal/domain/login"
	"avain/internal/platform/crowd"
	"avain/internal/platform/store"
	"avain/internal/platform/web"
)

// maxLimited is how many networks or keys a node remembers: a few megabytes.
const maxLimited = 100_000

// flood holds back starts (threats 34, 37): per key, per network or client, and those
// that nobody has finished. It slows callers down and never locks a person out, because a
// start names nobody.
type flood struct {
	perKey    *web.Limiter
	perSource *web.Limiter
	claims    *web.Limiter // QR codes, per key: what is typed must not be found by trying
	crowd     *crowd.Crowd
}

func newFlood(c config.Config, m mechanisms, db *store.Store, attempts *attempt.Attempts, now func() time.Time) *flood {
	limits := c.Limits
	return &flood{
		perKey:    web.NewLimiter(limitOf(limits.StartsPerKey), maxLimited, now),
		perSource: web.NewLimiter(limitOf(limits.StartsPerNetwork), maxLimited, now),
		claims:    web.NewLimiter(web.Limit{Burst: 10, Each: 6 * time.Second}, maxLimited, now),
		crowd: crowd.New(crowd.Deps{
			Store: db.Attempts, Room: attempts.MakeRoom, Key: m.keys.shared.First().Derive("sources of logins"), Clients: proven(c),
			Limits: crowd.Limits{
				Altogether: limits.OpenAttempts, PerNetwork: limits.OpenPerNetwork, PerClient: limits.OpenPerClient,
			},
		}),
	}
}

// proven are the clients that prove who they are.
func proven(c config.Config) (ids []string) {
	for _, client := range c.LoginClients() {
		if !client.Public() {
			ids = append(ids, client.ID)
		}
	}
	return ids
}

// start is asked before every start, and says whom it counts against.
func (f *flood) start(ctx context.Context, who login.Starter) (login.Source, error) {
	source, name := f.crowd.Network(web.ClientIP(ctx)), web.NetworkKey(ctx)
	if who.Client != "" {
		source, name = f.crowd.Client(who.Client), "client "+who.Client
	}
	if err := f.perSource.Check(name); err != nil {
		return source, err
	}
	if who.Key != "" {
		if err := f.perKey.Check(who.Key); err != nil {
			return source, err
		}
	}
	return source, f.crowd.Admit(ctx, source)
}

// limitOf turns "count per time" into a budget that can be spent at once and fills
// up evenly.
func limitOf(r config.Rate) web.Limit {
	return web.Limit{Burst: r.Count, Each: r.Per / time.Duration(max(1, r.Count))}
}
