package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"avain/internal/broker"
	"avain/internal/core/alerting"
	"avain/internal/core/counts"
	"avain/internal/core/notices"
	"avain/internal/core/people"
	"avain/internal/oidc/firstparty"
	"avain/internal/platform/audit"
	"avain/internal/platform/crowd"
	"avain/internal/platform/expiry"
	"avain/internal/platform/jobs"
	"avain/internal/platform/notify"
	"avain/internal/platform/steady"
	"avain/internal/platform/store"
	"avain/internal/platform/telemetry"
	"avain/internal/protocol/signing"
)

// How often housekeeping looks. All of it may run on every node at once: purging
// deletes what is over, and only one node can add the next key.
const (
	purgeEvery  = time.Minute
	rotateEvery = 10 * time.Minute
	countEvery  = 2 * time.Second
	sealEvery   = time.Second
	deadEvery   = 10 * time.Second
	beatEvery   = 10 * time.Second // though nobody asks for /readyz: the other nodes compare clocks
	forgetEvery = 24 * time.Hour

	keepTallies = 396 * 24 * time.Hour // 13 months: the same month of the year before
)

// housekeeping is what runs beside the requests.
type housekeeping struct {
	db        *store.Store
	signer    *signing.Signer
	brokers   *broker.Registry
	metrics   *telemetry.Metrics
	crowd     *crowd.Crowd
	announcer *store.Announcer
	room      *notify.Hub
	waiting   *firstparty.Feature
	people    *people.People
	wrong     *people.WrongTries
	notices   *notices.Board
	languages []string // of notices
	jobs      *jobs.Runner
	audit     *audit.Log
	tallies   *counts.Counter
	rates     *alerting.Detector
	keep      steady.Keeper
	endings   *expiry.Watch // of files
	ready     *telemetry.Readiness
	mails     bool // there is a mail server
	retention store.Retention
	now       func() time.Time
	log       *slog.Logger
}

// run keeps house until the context ends, and returns when everything has stopped. A
// panic ends no task.
func (h housekeeping) run(ctx context.Context) {
	if !h.mails {
		h.log.WarnContext(ctx, "no mail server is configured (mail.host): invitations wait until there is one")
	}
	var all sync.WaitGroup
	for name, task := range h.tasks() {
		h.metrics.Tasks(name)
		all.Go(func() { h.keep.Run(ctx, name, task) })
	}
	for name, chore := range h.chores() {
		h.metrics.Tasks(name)
		all.Go(func() { h.keep.Run(ctx, name, func(ctx context.Context) { h.regularly(ctx, name, chore) }) })
	}
	all.Wait()
}

// tasks run until their context ends.
func (h housekeeping) tasks() map[string]func(context.Context) {
	return map[string]func(context.Context){
		"announce": h.announcer.Speak,
		"listen":   func(ctx context.Context) { h.announcer.Listen(ctx, h.room.Notify) },
		"lookout":  notify.Poller{Room: h.room, Moved: h.db.Attempts.MovedSince, Now: h.now, Log: h.log}.Run,
		"waiting":  h.waiting.Run,
		"jobs":     h.jobs.Run,
		"tally":    func(ctx context.Context) { h.tallies.Run(ctx, h.db.Operations, h.log) },
		"tries": func(ctx context.Context) {
			counts.Regularly(ctx, "wrong passwords", func(ctx context.Context) error { return h.wrong.Flush(ctx, h.db.People) }, h.log)
		},
	}
}

// chore is done now and then.
type chore struct {
	every time.Duration
	do    func(context.Context) error
}

func (h housekeeping) chores() map[string]chore {
	return map[string]chore{
		"purge":  {purgeEvery, h.purge},
		"rotate": {rotateEvery, h.signer.Tick},
		"count":  {countEvery, h.count},
		"tell":   {watchEvery, h.tellTroubles},
		"remind": {remindEvery, h.remind},
		"forget": {forgetEvery, h.forget},
		"words":  {forgetEvery, h.words},
		"rates":  {alerting.Every, h.rates.Evaluate},
		"anchor": {anchorEvery, h.anchor},
		"settle": {anchorEvery, h.audit.Settle},
		"seal":   {sealEvery, h.seal},
		"close":  {deadEvery, h.closeStreams},
		"expiry": {expiry.Every, h.endings.Look},
		"beat":   {beatEvery, h.ready.Look},
	}
}

func (h housekeeping) regularly(ctx context.Context, name string, c chore) {
	clock := time.NewTicker(c.every)
	defer clock.Stop()
	for {
		err := h.keep.Do(ctx, name, c.do)
		if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, steady.ErrPanicked) {
			h.log.ErrorContext(ctx, "housekeeping failed; it is tried again", "task", name, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
		}
	}
}

func (h housekeeping) purge(ctx context.Context) error {
	purged, err := h.db.Purge(ctx, h.now(), h.retention)
	h.metrics.AttemptsExpired(purged.Expired)
	_, admin := h.db.Operations.PurgeAdmin(ctx, h.now(), h.now().Add(-h.retention.Imports))
	_, staff := h.db.Staff.PurgeStaff(ctx, h.now())
	return errors.Join(err, admin, staff, h.notices.Purge(ctx))
}

// words writes the words by which people are found who were here before there were any.
func (h housekeeping) words(ctx context.Context) error {
	_, err := h.db.People.WriteWords(ctx)
	return err
}

// forget lets the people go of whom there has been nothing else for long, counts that
// nobody compares with any more, and old comments.
func (h housekeeping) forget(ctx context.Context) error {
	_, err := h.db.People.ForgetPersons(ctx, h.now(), h.retention)
	_, counts := h.db.Operations.PurgeTallies(ctx, h.now().Add(-keepTallies))
	return errors.Join(err, counts, h.db.Operations.PurgeComments(ctx, h.now().Add(-commentsKept)))
}

func (h housekeeping) count(ctx context.Context) error {
	open, err := h.crowd.Look(ctx)
	if err == nil {
		h.metrics.AttemptsOpen(open)
	}
	h.metrics.AppsWaiting(h.waiting.Waiting())
	h.brokers.Brokers() // lets a due probe find out whether a broker is back
	return err
}
