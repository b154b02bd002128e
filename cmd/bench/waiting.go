package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

const kibibyte = 1024

// spareFiles are what load and service need besides the waiting apps.
const spareFiles = 500

// measureWaiting lets as many apps wait as the limit on open files allows: what each
// costs the service in memory, and all of them together in time on its core; whether a
// login is felt to be as quick among them; and how long it takes until all have heard
// that the node stops, or of a change that nobody has hinted at.
func measureWaiting(ctx context.Context, r *rig) ([]figure, error) {
	n, err := r.room()
	if err != nil {
		return nil, err
	}
	if err := r.ensure(ctx); err != nil {
		return nil, err
	}
	progress("  starting %d logins", n)
	c, err := r.gather(ctx, n)
	if err != nil {
		return nil, err
	}
	// A new process: what the old one has grown to under other loads would hide what the
	// apps need.
	if err := r.stop(); err != nil {
		return nil, err
	}
	if err := r.ensure(ctx); err != nil {
		return nil, err
	}
	figures, err := r.fillHall(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, next := range []func(context.Context, *crowd) ([]figure, error){r.idleHall, r.confirmInHall, r.drainHall, r.changeAll} {
		more, err := next(ctx, c)
		if err != nil {
			return nil, err
		}
		figures = append(figures, more...)
	}
	return figures, nil
}

// room is how many apps can wait. Of the files that it may open the service keeps 4,096,
// or a quarter, for everybody else.
func (r *rig) room() (int, error) {
	want := r.options.Waiting
	files, err := raiseFiles(2 * (want + spareFiles))
	if err != nil {
		return 0, err
	}
	if most := files - min(4096, files/4) - spareFiles; most < want {
		progress("  this system lets a process open %d files: %d apps wait instead of %d", files, most, want)
		return most, nil
	}
	return want, nil
}

// fillHall opens the streams, and looks at the memory on the way.
func (r *rig) fillHall(ctx context.Context, c *crowd) ([]figure, error) {
	if err := pause(ctx, idleFor); err != nil {
		return nil, err
	}
	empty, err := memory(r.serving.pid())
	if err != nil {
		return nil, err
	}
	n, open, each := len(c.logins), 0, 0.0
	began := time.Now()
	for _, upTo := range []int{n / 4, n / 2, n} {
		if err := c.wait(ctx, open, upTo); err != nil {
			return nil, err
		}
		open = upTo
		full, err := memory(r.serving.pid())
		if err != nil {
			return nil, err
		}
		each = (full - empty) * megabyte / kibibyte / float64(open)
		progress("  %d apps wait: %.1f MB, without them %.1f MB, %.2f KiB each", open, full, empty, each)
	}
	return []figure{
		of("waiting_apps", "apps", []float64{float64(n)}).against(atLeast(50_000)),
		of("waiting_memory", "KiB", []float64{each}).against(below(12)),
		of("waiting_opened", "/s", []float64{float64(n) / time.Since(began).Seconds()}),
	}, nil
}

// idleHall measures the time on the core while nothing happens, for longer than it takes
// until every stream has carried a sign of life.
func (r *rig) idleHall(ctx context.Context, _ *crowd) ([]figure, error) {
	before, err := cpuTime(r.serving.pid())
	if err != nil {
		return nil, err
	}
	length := 6 * r.options.Duration
	began := time.Now()
	if err := pause(ctx, length); err != nil {
		return nil, err
	}
	after, err := cpuTime(r.serving.pid())
	if err != nil {
		return nil, err
	}
	share := 100 * (after - before).Seconds() / time.Since(began).Seconds()
	return []figure{of("waiting_core_share", "%", []float64{share})}, nil
}

// confirmInHall measures what a person feels while all the others wait.
func (r *rig) confirmInHall(ctx context.Context, _ *crowd) ([]figure, error) {
	phones := r.phones()
	watch := &stopwatch{took: map[string][]float64{}}
	err := r.pace(ctx, max(1, r.options.Rate/2), 2*r.options.Duration, func(ctx context.Context) error {
		return phones.confirm(ctx, false, watch)
	})
	if err != nil {
		return nil, err
	}
	took := watch.take()
	return []figure{
		of("waiting_confirm_told_p50", "ms", []float64{percentile(took["confirm_told"], 50)}),
		of("waiting_confirm_told_p99", "ms", []float64{percentile(took["confirm_told"], 99)}),
		of("waiting_confirm_return_p99", "ms", []float64{percentile(took["confirm_return"], 99)}).against(below(50)),
	}, nil
}

// drainHall stops the service, starts it again and lets everybody come back at once.
func (r *rig) drainHall(ctx context.Context, c *crowd) ([]figure, error) {
	began := time.Now()
	if err := r.stop(); err != nil {
		return nil, err
	}
	stopped := time.Since(began)
	told, err := c.toldAll(began)
	if err != nil {
		return nil, fmt.Errorf("drain: %w", err)
	}
	if err := r.ensure(ctx); err != nil {
		return nil, err
	}
	back := time.Now()
	if err := c.wait(ctx, 0, len(c.logins)); err != nil {
		return nil, err
	}
	return []figure{
		of("waiting_drained", "ms", []float64{milliseconds(told)}),
		of("waiting_stopped", "ms", []float64{milliseconds(stopped)}),
		of("waiting_back", "/s", []float64{float64(len(c.logins)) / time.Since(back).Seconds()}),
	}, nil
}

// changeAll ends all logins behind the service's back, so that nobody hints at it.
func (r *rig) changeAll(ctx context.Context, c *crowd) (_ []figure, err error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(r.folder, databaseFile)+"?_pragma=busy_timeout(10000)&_pragma=synchronous(OFF)")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	const denyAll = `UPDATE attempts SET state = 'denied', updated_at = $1 WHERE state = 'created'`
	if _, err := db.ExecContext(ctx, denyAll, time.Now().UnixMilli()); err != nil {
		return nil, err
	}
	told, err := c.toldAll(time.Now())
	if err != nil {
		return nil, fmt.Errorf("a change of all: %w", err)
	}
	return []figure{of("waiting_all_told", "ms", []float64{max(milliseconds(told), 0.001)})}, nil
}

// pause lets time pass.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
