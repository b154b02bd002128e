package wire

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"avain/internal/config"
	"avain/internal/login"
	"avain/internal/web"
)

// maxLimited is how many networks or keys a node remembers: a few megabytes.
const maxLimited = 100_000

// flood holds back starts (threat 34): per key, per network, and altogether. It
// slows callers down and never locks a person out, because a start names nobody.
type flood struct {
	perKey     *web.Limiter
	perNetwork *web.Limiter
	claims     *web.Limiter // QR codes, per key: what is typed must not be found by trying
	open       atomic.Int64 // unfinished attempts, as housekeeping last counted them
	most       int64
}

func newFlood(limits config.Limits, now func() time.Time) *flood {
	return &flood{
		perKey:     web.NewLimiter(limitOf(limits.StartsPerKey), maxLimited, now),
		perNetwork: web.NewLimiter(limitOf(limits.StartsPerNetwork), maxLimited, now),
		claims:     web.NewLimiter(web.Limit{Burst: 10, Each: 6 * time.Second}, maxLimited, now),
		most:       int64(limits.OpenAttempts),
	}
}

// start is asked before every start. The key is empty for clients without one.
func (f *flood) start(ctx context.Context, key string) error {
	if f.open.Load() >= f.most {
		e := login.E(login.Unavailable, login.ReasonRateLimited, errors.New("too many unfinished logins altogether"))
		e.RetryAfter = time.Minute
		return e
	}
	if err := f.perNetwork.Check(web.NetworkKey(ctx)); err != nil {
		return err
	}
	if key == "" {
		return nil
	}
	return f.perKey.Check(key)
}

// limitOf turns "count per time" into a budget that can be spent at once and fills
// up evenly.
func limitOf(r config.Rate) web.Limit {
	return web.Limit{Burst: r.Count, Each: r.Per / time.Duration(max(1, r.Count))}
}
