package store_test

import (
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/store"
	"avain/internal/platform/store/storetest"
)

// The bars are for one core: run with -cpu 1. SQLite's commits are durable;
// PostgreSQL's are not here, because pgtest switches fsync off.
//
//	go test ./internal/platform/store -run '^$' -bench . -cpu 1
func BenchmarkStore(b *testing.B) {
	for name, config := range map[string]func(testing.TB) store.Config{"sqlite": sqliteConfig, "postgres": postgresConfig} {
		for act, bench := range map[string]func(*testing.B, *store.Store){
			"StartAttempt": benchStart, "StartAttemptAlone": benchStartAlone, "MoveAttempt": benchMove, "RedeemCode": benchRedeem,
			"UseSession": benchUse, "AttemptByID": benchFind, "AppendAudit": benchAudit,
		} {
			b.Run(name+"/"+act, func(b *testing.B) { bench(b, open(b, config(b))) })
		}
	}
}

// clients is how many callers there are at once.
const clients = 64

// parallel runs act from many callers, numbering the calls, and reports acts/s and
// the processor time of one, which other work on the machine disturbs less.
func parallel(b *testing.B, act func(i int) error) {
	b.Helper()
	var n atomic.Int64
	b.SetParallelism(clients)
	b.ReportAllocs()
	before := processorTime(b)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := act(int(n.Add(1)) - 1); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "acts/s")
	b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/act")
}

// processorTime is what this process has used so far, in user and kernel mode.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func sample() (login.Attempt, login.AttemptSecrets, login.ReplayKey) {
	a := storetest.Attempt()
	a.SupportCode += a.ID // a benchmark would run out of codes
	return a, storetest.Secrets(), storetest.Mark()
}

func benchStart(b *testing.B, s *store.Store) {
	b.Helper()
	parallel(b, func(int) error {
		a, secrets, mark := sample()
		return s.Attempts.StartAttempt(b.Context(), a, secrets, mark)
	})
}

// benchStartAlone has one caller, who waits for the disk each time.
func benchStartAlone(b *testing.B, s *store.Store) {
	b.Helper()
	for b.Loop() {
		a, secrets, mark := sample()
		if err := s.Attempts.StartAttempt(b.Context(), a, secrets, mark); err != nil {
			b.Fatal(err)
		}
	}
}

func benchMove(b *testing.B, s *store.Store) {
	b.Helper()
	ids := prepare(b, func() string {
		a, secrets, _ := sample()
		if err := s.Attempts.StartAttempt(b.Context(), a, secrets); err != nil {
			b.Fatal(err)
		}
		return a.ID
	})
	parallel(b, func(i int) error {
		browser := storetest.NewHash()
		_, err := s.Attempts.MoveAttempt(b.Context(), login.Transition{
			Attempt: ids[i], From: []login.State{login.StateCreated, login.StateOpened}, To: login.StateOpened, At: storetest.Noon(), Event: storetest.Event("choose"),
			IfBrowser: browser, SetBrowser: browser, BrokerRequest: &login.BrokerRequest{State: storetest.NewHash(), Broker: "op", Means: "op", StartedAt: storetest.Noon(), ExpiresAt: storetest.Noon().Add(time.Minute)},
		})
		return err
	})
}

func benchRedeem(b *testing.B, s *store.Store) {
	b.Helper()
	person := storetest.AddPerson(b, s).ID
	redemptions := prepare(b, func() login.Redemption {
		a, secrets, mark := sample()
		r := login.Redemption{Attempt: a.ID, Code: storetest.NewHash(), At: storetest.Noon(), Session: storetest.Session(person), Event: storetest.Event("redeem"), ReplayKeys: []login.ReplayKey{mark}}
		if err := s.Attempts.StartAttempt(b.Context(), a, secrets); err != nil {
			b.Fatal(err)
		}
		_, err := s.Attempts.MoveAttempt(b.Context(), login.Transition{
			Attempt: a.ID, From: []login.State{login.StateCreated}, To: login.StateConfirmed, At: storetest.Noon(), Event: storetest.Event("confirm"),
			SetIdentity: &login.AuthResult{Person: person}, SetCode: r.Code, SetCodeEnds: storetest.Noon().Add(time.Minute),
		})
		if err != nil {
			b.Fatal(err)
		}
		return r
	})
	parallel(b, func(i int) error {
		_, err := s.Attempts.RedeemCode(b.Context(), redemptions[i])
		return err
	})
}

// benchUse is what a refresh costs: a look-up, and a use with a DPoP proof's mark.
func benchUse(b *testing.B, s *store.Store) {
	b.Helper()
	sessions := make([]login.Session, 200)
	for i := range sessions {
		sessions[i] = storetest.SignIn(b, s)
	}
	parallel(b, func(i int) error {
		session := sessions[i%len(sessions)]
		if _, err := s.Sessions.SessionByRefresh(b.Context(), session.Refresh); err != nil {
			return err
		}
		_, err := s.Sessions.UseSession(b.Context(), session.ID, storetest.Noon(), session.IdleUntil, storetest.Mark())
		return err
	})
}

func benchFind(b *testing.B, s *store.Store) {
	b.Helper()
	ids := make([]string, 200)
	for i := range ids {
		ids[i] = storetest.Start(b, s).ID
	}
	parallel(b, func(i int) error {
		_, err := s.Attempts.AttemptByID(b.Context(), ids[i%len(ids)])
		return err
	})
}

// benchAudit is the entry that each login leaves, with its sealing: about once a second, here
// for every 200 entries.
func benchAudit(b *testing.B, s *store.Store) {
	b.Helper()
	entry := operations.AuditEntry{
		At: storetest.Noon(), Actor: "person:" + login.NewID(), Action: "session.create", Target: "session:" + login.NewID(),
		Detail: map[string]string{"client": "smartumpay", "method": "direct", "means": "metsa", "broker": "telia"},
	}
	parallel(b, func(i int) error {
		if i%200 == 199 {
			if _, err := s.Audit.SealAudit(b.Context()); err != nil {
				return err
			}
		}
		return s.Audit.AppendAudit(b.Context(), entry)
	})
}

// prepare makes b.N rows, many at once, outside the measured time.
func prepare[T any](b *testing.B, one func() T) []T {
	b.Helper()
	rows := make([]T, b.N)
	done := make(chan struct{})
	var next atomic.Int64
	for range clients {
		go func() {
			for i := next.Add(1) - 1; i < int64(len(rows)); i = next.Add(1) - 1 {
				rows[i] = one()
			}
			done <- struct{}{}
		}()
	}
	for range clients {
		<-done
	}
	return rows
}
