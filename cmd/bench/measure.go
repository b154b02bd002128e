package main

import (
	"context"
	"os"
	"time"

	"avain/internal/testkit/robot"
)

// measure is something to find out, and how.
type measure struct {
	name, what string
	do         func(ctx context.Context, r *rig) ([]figure, error)
}

// measures lists all, in the order in which they are made.
func measures() []measure {
	return []measure{
		{"crypto", "the bare cryptography of a login, on the service's core", measureCrypto},
		{"binary", "size of the program", measureBinary},
		{"startup", "from start to ready, and memory when idle", measureStartup},
		{"page", "the login page over the wire", measurePage},
		{"attempts", "logins started (/par)", measureAttempts},
		{"refreshes", "access tokens renewed", measureRefreshes},
		{"logins", "whole logins, and memory under that load", measureLogins},
		{"steps", "time of each step at a steady rate of logins", measureSteps},
		{"confirm", "from Vahvista to the app's tokens", measureConfirm},
		{"waiting", "apps that wait for news of their logins", measureWaiting},
		{"names", "whether the clock tells which user names exist", measureNames},
		{"import", "people taken in from a file", measureImport},
		{"scale", "time of each step in a small and in a large database", measureScale},
		{"console", "time of the console's pages over a large database", measureConsole},
	}
}

func measureCrypto(ctx context.Context, r *rig) ([]figure, error) {
	t, err := r.crypto(ctx)
	if err != nil {
		return nil, err
	}
	return []figure{
		of("crypto_rs256_sign", "ms", t.RS256Sign),
		of("crypto_rs256_verify", "ms", t.RS256Verify),
		of("crypto_oaep_decrypt", "ms", t.OAEPDecrypt),
		of("crypto_es256_sign", "ms", t.ES256Sign),
		of("crypto_es256_verify", "ms", t.ES256Verify),
		of("crypto_login", "ms", t.login()),
		of("crypto_login_rate", "/s", perSecond(t.login())),
		of("crypto_refresh", "ms", t.refresh()),
	}, nil
}

func perSecond(milliseconds []float64) []float64 {
	all := make([]float64, len(milliseconds))
	for i, ms := range milliseconds {
		all[i] = 1000 / ms
	}
	return all
}

const megabyte = 1 << 20

func measureBinary(_ context.Context, r *rig) ([]figure, error) {
	info, err := os.Stat(r.avain)
	if err != nil {
		return nil, err
	}
	return []figure{of("binary_size", "MB", []float64{float64(info.Size()) / megabyte}).against(below(35))}, nil
}

// idleFor is how long the service is left alone before its memory is read.
const idleFor = 3 * time.Second

// measureStartup starts the service again and again.
func measureStartup(ctx context.Context, r *rig) ([]figure, error) {
	var took, idle []float64
	for range r.options.Runs {
		if err := r.stop(); err != nil {
			return nil, err
		}
		t, err := r.start(ctx)
		if err != nil {
			return nil, err
		}
		took = append(took, milliseconds(t))
		time.Sleep(idleFor)
		rss, err := memory(r.serving.pid())
		if err != nil {
			return nil, err
		}
		idle = append(idle, rss)
	}
	return []figure{
		of("start_to_ready", "ms", took).against(below(150)),
		of("memory_idle", "MB", idle).against(below(40)),
	}, nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// load measures what the service can do of an operation.
func (r *rig) load(ctx context.Context, name, unit string, b *bar, operation func(ctx context.Context, caller int) error) ([]figure, []sample, error) {
	samples, err := r.saturate(ctx, operation)
	if err != nil {
		return nil, nil, err
	}
	return []figure{
		of(name, unit, pick(samples, func(s sample) float64 { return s.perSecond })).against(b),
		of(name+"_core_time", "ms", pick(samples, func(s sample) float64 { return s.serviceMS })),
		of(name+"_core_share", "%", pick(samples, func(s sample) float64 { return 100 * s.share })),
	}, samples, nil
}

func measureAttempts(ctx context.Context, r *rig) ([]figure, error) {
	if err := r.ensure(ctx); err != nil {
		return nil, err
	}
	apps, err := r.apps()
	if err != nil {
		return nil, err
	}
	figures, _, err := r.load(ctx, "attempts_started", "/s", atLeast(3000), func(ctx context.Context, caller int) error {
		_, err := apps[caller].Start(ctx, nil)
		return err
	})
	return figures, err
}

// apps makes one app for each caller.
func (r *rig) apps() ([]*robot.App, error) {
	phones := r.phones()
	all := make([]*robot.App, r.options.Concurrency)
	for i := range all {
		app, err := phones.app()
		if err != nil {
			return nil, err
		}
		all[i] = app
	}
	return all, nil
}

// measureRefreshes logs each caller in once, and refreshes from then on.
func measureRefreshes(ctx context.Context, r *rig) ([]figure, error) {
	if err := r.ensure(ctx); err != nil {
		return nil, err
	}
	apps, err := r.apps()
	if err != nil {
		return nil, err
	}
	phones, sessions := r.phones(), make([]robot.Tokens, len(apps))
	for i, app := range apps {
		if sessions[i], err = phones.logIn(ctx, app); err != nil {
			return nil, err
		}
	}
	figures, samples, err := r.load(ctx, "refreshes", "/s", atLeast(2000), func(ctx context.Context, caller int) error {
		_, err := apps[caller].Refresh(ctx, sessions[caller].RefreshToken)
		return err
	})
	if err != nil {
		return nil, err
	}
	bare, err := r.crypto(ctx)
	return append(figures, shareOf("refreshes_crypto_share", bare.refresh(), samples)), err
}

// measureLogins measures whole logins, each on a phone that was never here before: its
// first request is sent back for a nonce, as RFC 9449 §8 has it. It also tells how much
// of their time on the core is cryptography that no program could do without.
func measureLogins(ctx context.Context, r *rig) ([]figure, error) {
	if err := r.ensure(ctx); err != nil {
		return nil, err
	}
	phones := r.phones()
	figures, samples, err := r.load(ctx, "direct_logins", "/s", atLeast(200), func(ctx context.Context, _ int) error {
		app, err := phones.app()
		if err != nil {
			return err
		}
		_, err = phones.logIn(ctx, app)
		return err
	})
	if err != nil {
		return nil, err
	}
	rss, err := memory(r.serving.pid())
	if err != nil {
		return nil, err
	}
	bare, err := r.crypto(ctx)
	return append(figures,
		shareOf("direct_logins_crypto_share", bare.login(), samples),
		of("memory_loaded", "MB", []float64{rss}),
	), err
}

// shareOf says how much of an operation's time on the core is bare cryptography.
func shareOf(name string, bare []float64, samples []sample) figure {
	whole := of("", "", pick(samples, func(s sample) float64 { return s.serviceMS })).Value
	return of(name, "%", []float64{100 * of("", "", bare).Value / whole})
}
