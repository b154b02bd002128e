package overview

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"avain/internal/core/alerting"
	"avain/internal/core/counts"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/store"
	"avain/internal/platform/store/storetest"
	"avain/internal/secret"

	"pgregory.net/rapid"
)

// However logins go, whichever node tallies them, and whenever somebody looks: on both
// databases the rows of every table of the page add up to the figure below them, and the
// tables of logins, and those of journeys, to the same one.
func TestRowsAddUp(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		rowsAddUp(t, store.Config{Driver: store.SQLite, Path: storetest.Fresh(t)})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		rowsAddUp(t, store.Config{Driver: store.Postgres, DSN: secret.Of(storetest.FreshPostgres(t))})
	})
}

func rowsAddUp(t *testing.T, config store.Config) {
	t.Helper()
	config.Log = slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := noon
	rapid.Check(t, func(rt *rapid.T) {
		now = now.AddDate(0, 0, 3) // nothing of the rounds before is in the window
		o := newOverview(t, nil, alerting.Snapshot{Rates: []operations.Rate{{Dimension: operations.DimensionMeans, Value: "op"}, {Dimension: operations.DimensionAll}}})
		o.d.Counts, o.d.Now = db.Operations, func() time.Time { return now }
		nodes := []*counts.Counter{counts.New(), counts.New()}
		logins := rapid.IntRange(1, 12).Draw(rt, "logins")
		for i := range logins {
			node := rapid.SampledFrom(nodes).Draw(rt, "node")
			someLogin(rt, node, i, now.Add(-time.Duration(rapid.IntRange(0, 26*60).Draw(rt, "ago"))*time.Minute))
			if rapid.Bool().Draw(rt, "flush") {
				if err := node.Flush(rt.Context(), db.Operations); err != nil {
					rt.Fatal(err)
				}
				o.mustAddUp(rt, now)
			}
		}
		for _, node := range nodes {
			if err := node.Flush(rt.Context(), db.Operations); err != nil {
				rt.Fatal(err)
			}
		}
		o.mustAddUp(rt, now)
	})
}

// someLogin is a login of any kind that goes any way.
func someLogin(rt *rapid.T, node *counts.Counter, i int, at time.Time) {
	text := func(of string, choice ...string) string { return rapid.SampledFrom(choice).Draw(rt, of) }
	reason := func() login.Reason { return rapid.SampledFrom(login.Reasons()).Draw(rt, "reason") }
	detail := func() string { return text("detail", "", "token.http_503", "callback.server_error", "circuit.open") }
	a := login.Attempt{
		ID: fmt.Sprint(i), Method: rapid.SampledFrom(login.Methods()).Draw(rt, "method"), State: login.StateCreated,
		Device: login.Device{Platform: text("platform", "", "ios", "android", "toaster"), AppVersion: text("version", "", "1.16.0", "x")},
	}
	tell := func(to login.State, e login.Event) {
		at = at.Add(time.Second)
		e.At, e.Browser = at, text("browser", "", "Opera 76 on Android", "Safari 18 on iOS")
		a.State, a.UpdatedAt, a.Timeline = to, e.At, append(slices.Clone(a.Timeline), e)
		if to.Over() {
			a.Reason = e.Reason
		}
		node.Observe(a, e)
	}
	tell(login.StateCreated, login.Event{Step: login.StepStart, Outcome: login.OutcomeOK})
	for range rapid.IntRange(0, 4).Draw(rt, "journeys") {
		e := login.Event{Means: text("means", "op", "nordea", "mobile"), Broker: text("broker", "telia", "op")}
		choose, back := e, e
		choose.Step, choose.Outcome = login.StepChoose, login.OutcomeOK
		tell(login.StateOpened, choose)
		switch text("back", "left", "failed", "proved") {
		case "failed":
			back.Step, back.Outcome, back.Reason, back.Detail = login.StepReturn, login.OutcomeFailed, reason(), detail()
			tell(login.StateOpened, back)
		case "proved":
			back.Step, back.Outcome = login.StepIdentify, login.OutcomeOK
			a.Person = text("person", "a", "b", "c")
			tell(login.StateAuthenticated, back)
		}
	}
	if rapid.Bool().Draw(rt, "in") {
		tell(login.StateRedeemed, login.Event{Step: login.StepRedeem, Outcome: login.OutcomeOK})
		return
	}
	state := rapid.SampledFrom([]login.State{login.StateExpired, login.StateFailed, login.StateBurned, login.StateDenied}).Draw(rt, "end")
	tell(state, login.Event{Step: login.StepExpire, Outcome: login.OutcomeFailed, Reason: reason(), Detail: detail()})
}

func (o *overview) mustAddUp(rt *rapid.T, now time.Time) {
	for _, hours := range []string{"", "24"} {
		in := windowOf(hours, now)
		v, err := o.view(rt.Context(), "fi", in)
		if err != nil {
			rt.Fatal(err)
		}
		totals := map[bool]operations.Counts{} // of journeys, and of logins
		for _, g := range v.Groups {
			var sum operations.Counts
			for _, r := range g.Rows {
				sum = sum.Plus(r.Now)
			}
			if sum != g.Total.Now {
				rt.Errorf("%d h, %s: the rows are %+v, below them stands %+v", in.hours, g.Dimension, sum, g.Total.Now)
			}
			if other, known := totals[g.Trips]; known && other != sum {
				rt.Errorf("%d h, %s: %+v, another table has %+v", in.hours, g.Dimension, sum, other)
			}
			totals[g.Trips] = sum
		}
		for trips, why := range map[bool]reasons{false: v.Reasons, true: v.ByBank} {
			sum, want := why.Rest, totals[trips]
			for _, r := range why.Rows {
				sum = sum.Plus(r.Counts)
			}
			if want.OK = 0; sum != want || why.Total != want {
				rt.Errorf("%d h, reasons of journeys %v: the rows are %+v, below them stands %+v, there are %+v", in.hours, trips, sum, why.Total, want)
			}
		}
		var banks operations.Counts
		for _, b := range v.Banks {
			var sum operations.Counts
			for _, h := range b.Hours {
				sum = sum.Plus(h.Counts)
			}
			if sum != b.Sum {
				rt.Errorf("%s: the hours are %+v, the day is %+v", b.Name, sum, b.Sum)
			}
			banks = banks.Plus(sum)
		}
		if v.Long && banks != totals[true] {
			rt.Errorf("the banks' days are %+v, all journeys %+v", banks, totals[true])
		}
	}
}
