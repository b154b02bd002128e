package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// sample is what one run gave.
type sample struct {
	perSecond float64
	serviceMS float64 // the service's time on its core per operation, in milliseconds
	loadMS    float64 // the same of load and broker
	share     float64 // of the time that the service was on its core: 1 when nothing kept it off
}

// saturate keeps the service busy with as many callers as there are phones, each of
// which does the next operation as soon as the last is done. The first run warms up
// and does not count. An operation that fails ends the measure: a figure for a
// service that refuses is worth nothing.
func (r *rig) saturate(ctx context.Context, operation func(ctx context.Context, caller int) error) ([]sample, error) {
	if _, err := r.once(ctx, min(r.options.Duration, 2*time.Second), operation); err != nil {
		return nil, err
	}
	samples := make([]sample, 0, r.options.Runs)
	for n := range r.options.Runs {
		s, err := r.once(ctx, r.options.Duration, operation)
		if err != nil {
			return nil, err
		}
		progress("  run %d: %.0f/s; service %.3f ms each, %.0f %% of its core; load and broker %.3f ms each",
			n+1, s.perSecond, s.serviceMS, 100*s.share, s.loadMS)
		samples = append(samples, s)
	}
	return samples, nil
}

// once is one run. What is under way at its end is finished, and counted with the
// time that it took.
func (r *rig) once(ctx context.Context, length time.Duration, operation func(ctx context.Context, caller int) error) (sample, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var done atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	before, err := r.times()
	if err != nil {
		return sample{}, err
	}
	for caller := range r.options.Concurrency {
		all.Go(func() {
			for time.Since(began) < length && ctx.Err() == nil {
				if err := operation(ctx, caller); err != nil {
					cancel(err)
					return
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	if err := context.Cause(ctx); err != nil {
		return sample{}, err
	}
	after, err := r.times()
	if err != nil {
		return sample{}, err
	}
	if done.Load() == 0 {
		return sample{}, errors.New("nothing was done in the whole run")
	}
	n, service := float64(done.Load()), (after.service - before.service).Seconds()
	return sample{
		perSecond: n / took.Seconds(), serviceMS: 1000 * service / n, share: service / took.Seconds(),
		loadMS: 1000 * (after.load - before.load).Seconds() / n,
	}, nil
}

// times are how long both sides have been on their cores so far.
type times struct{ service, load time.Duration }

func (r *rig) times() (t times, err error) {
	if t.service, err = cpuTime(r.serving.pid()); err != nil {
		return t, err
	}
	if t.load, err = ownTime(); err != nil {
		return t, err
	}
	broker, err := cpuTime(r.broker.pid())
	t.load += broker
	return t, err
}

// pace begins an operation every 1/rate seconds, whether or not the ones before are
// done, as people do: a slow answer delays nobody else's start, so that the times do
// not flatter the service (coordinated omission).
func (r *rig) pace(ctx context.Context, rate int, length time.Duration, operation func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	clock := time.NewTicker(time.Second / time.Duration(rate))
	defer clock.Stop()
	for end := time.Now().Add(length); time.Now().Before(end) && ctx.Err() == nil; <-clock.C {
		all.Go(func() {
			if err := operation(ctx); err != nil {
				cancel(fmt.Errorf("at %d a second: %w", rate, err))
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

// pick takes one number out of each sample.
func pick(samples []sample, number func(sample) float64) []float64 {
	all := make([]float64, len(samples))
	for i, s := range samples {
		all[i] = number(s)
	}
	return all
}
