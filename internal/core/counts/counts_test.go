package counts_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"avain/internal/core/counts"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/steady"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// book is a store that fails as often as it is told to.
type book struct {
	mu      sync.Mutex
	counts  map[string]operations.Counts // "dimension hour value"
	people  map[operations.Dimension]operations.People
	failing bool
	batches int
}

func (b *book) AddTallies(_ context.Context, counted []operations.Tally) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failing {
		return errors.New("down")
	}
	b.batches++
	if b.counts == nil {
		b.counts, b.people = map[string]operations.Counts{}, map[operations.Dimension]operations.People{}
	}
	for _, t := range counted {
		key := fmt.Sprintf("%s %02d %s", t.Dimension, t.Hour.Hour(), t.Value)
		b.counts[key] = b.counts[key].Plus(t.Counts)
		b.people[t.Dimension] = b.people[t.Dimension].Plus(t.People)
	}
	return nil
}

func (b *book) of(d operations.Dimension) (sum operations.Counts) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for key, n := range b.counts {
		if strings.HasPrefix(key, string(d)+" ") {
			sum = sum.Plus(n)
		}
	}
	return sum
}

// told is an attempt that is told to a counter as package attempt tells it.
type told struct {
	login.Attempt
	to *counts.Counter
}

func begin(to *counts.Counter, at time.Time) *told {
	a := &told{login.Attempt{ID: "A", Method: login.MethodDirect, State: login.StateCreated, CreatedAt: at, ExpiresAt: at.Add(10 * time.Minute)}, to}
	a.move(login.StateCreated, login.Event{At: at, Step: login.StepStart, Outcome: login.OutcomeOK})
	return a
}

func (a *told) move(to login.State, e login.Event) {
	a.State, a.UpdatedAt = to, e.At
	a.Timeline = append(slices.Clone(a.Timeline), e)
	if e.Step == login.StepIdentify && e.Outcome == login.OutcomeOK {
		a.Person, a.Means, a.Broker = cmp.Or(a.Person, "P"), e.Means, e.Broker
	}
	if to.Over() {
		a.Reason = e.Reason
	}
	a.to.Observe(a.Attempt, e)
}

// note is told with the attempt as it was before.
func (a *told) note(e login.Event) {
	a.to.Observe(a.Attempt, e)
	a.Timeline = append(slices.Clone(a.Timeline), e)
	a.UpdatedAt = e.At
}

func event(at time.Time, step, outcome string, reason login.Reason, means string) login.Event {
	e := login.Event{At: at, Step: step, Outcome: outcome, Reason: reason, Means: means, Browser: "Opera 76 on Android"}
	if reason == login.ReasonBrokerError {
		e.Detail = "token.http_503"
	}
	if means != "" {
		e.Broker = "telia"
	}
	return e
}

func wantCounts(t *testing.T, b *book, want map[string]operations.Counts) {
	t.Helper()
	for key, n := range want {
		if b.counts[key] != n {
			t.Errorf("%s: %+v, want %+v", key, b.counts[key], n)
		}
	}
	for key, n := range b.counts {
		if _, known := want[key]; !known {
			t.Errorf("%s: %+v, want none", key, n)
		}
	}
}

// A person whom one bank fails, who leaves the next one, and gets in with the third.
func TestOneLoginThreeBanks(t *testing.T) {
	t.Parallel()
	c, b := counts.New(), &book{}
	a := begin(c, noon)
	a.Device = login.Device{Platform: "android", AppVersion: "1.16.0-rc.1"}
	s := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }
	a.move(login.StateOpened, event(s(1), login.StepChoose, login.OutcomeOK, "", "op"))
	a.note(event(s(2), login.StepReturn, login.OutcomeFailed, login.ReasonBrokerError, "op"))
	a.move(login.StateOpened, event(s(3), login.StepChoose, login.OutcomeOK, "", "nordea"))
	a.note(event(s(4), login.StepReturn, login.OutcomeRefused, login.ReasonOtherBrowser, "")) // not the browser that left
	a.move(login.StateOpened, event(s(5), login.StepChoose, login.OutcomeOK, "", "mobile"))
	a.move(login.StateAuthenticated, event(s(6), login.StepIdentify, login.OutcomeOK, "", "mobile"))
	a.move(login.StateConfirmed, event(s(7), login.StepConfirm, login.OutcomeOK, "", ""))
	a.move(login.StateRedeemed, login.Event{At: s(8), Step: login.StepRedeem, Outcome: login.OutcomeOK})
	a.note(login.Event{At: s(9), Step: login.StepRedeem, Outcome: login.OutcomeOK}) // the answer was lost: the same login
	if err := c.Flush(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	wantCounts(t, b, map[string]operations.Counts{
		"means 12 op": {Failed: 1}, "means 12 nordea": {Gone: 1}, "means 12 mobile": {OK: 1}, "broker 12 telia": {OK: 1, Gone: 1, Failed: 1},
		"means_reason 12 op broker_error": {Failed: 1}, "means_reason 12 nordea abandoned_at_bank": {Gone: 1},
		"all 12 ": {OK: 1}, "method 12 direct": {OK: 1}, "platform 12 android": {OK: 1}, "version 12 1.16.0": {OK: 1},
		"browser 12 Opera on Android": {OK: 1}, "browser_version 12 Opera 76 on Android": {OK: 1},
	})
}

// Who chooses one bank here and another one at the broker has not left the first: the
// trip counts once, for the bank that was used, whether or not the person is let in.
func TestAnotherBankAtTheBroker(t *testing.T) {
	t.Parallel()
	for outcome, reason := range map[string]login.Reason{login.OutcomeOK: "", login.OutcomeFailed: login.ReasonNoBenefits} {
		c, b := counts.New(), &book{}
		a := begin(c, noon)
		a.move(login.StateOpened, event(noon, login.StepChoose, login.OutcomeOK, "", "aktia"))
		e := event(noon.Add(time.Second), login.StepIdentify, outcome, reason, "nordea")
		e.Chosen = "aktia"
		a.note(e)
		if err := c.Flush(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if got := b.counts["means 12 nordea"]; got != (operations.Counts{OK: 1}) || len(b.counts) != 2 { // and the broker's own row
			t.Errorf("%s: %v", outcome, b.counts)
		}
	}
}

// What ends without anybody having come for it is no login; who left without choosing,
// or at the bank, is one.
func TestWhoCounts(t *testing.T) {
	t.Parallel()
	end := noon.Add(10 * time.Minute)
	expire := login.Event{At: end, Step: login.StepExpire, Outcome: login.OutcomeFailed, Reason: login.ReasonAttemptExpired}
	for name, c := range map[string]struct {
		live func(a *told)
		want operations.Counts
	}{
		"nobody came": {func(a *told) { a.move(login.StateExpired, expire) }, operations.Counts{}},
		"given up in the app": {func(a *told) {
			a.move(login.StateDenied, login.Event{At: end, Step: login.StepCancel, Detail: "app", Outcome: login.OutcomeRefused, Reason: login.ReasonCancelledByPerson})
		}, operations.Counts{}},
		"saw the banks and left": {func(a *told) {
			a.note(event(noon, login.StepPage, login.OutcomeOK, "", ""))
			a.move(login.StateExpired, expire)
		}, operations.Counts{Gone: 1}},
		"left at the bank": {func(a *told) {
			a.move(login.StateOpened, event(noon, login.StepChoose, login.OutcomeOK, "", "op"))
			a.move(login.StateExpired, expire)
		}, operations.Counts{Gone: 1}},
		"wrong password": {func(a *told) {
			a.Method = login.MethodCredentials
			a.move(login.StateFailed, event(noon, login.StepPassword, login.OutcomeRefused, login.ReasonPasswordWrong, ""))
		}, operations.Counts{Gone: 1}},
		"broken": {func(a *told) {
			a.move(login.StateFailed, event(noon, login.StepReturn, login.OutcomeFailed, login.ReasonBrokerError, "op"))
		}, operations.Counts{Failed: 1}},
		"broken, says a browser": {func(a *told) {
			e := event(noon, login.StepReturn, login.OutcomeFailed, login.ReasonBrokerError, "op")
			e.Detail = "callback.server_error"
			a.move(login.StateFailed, e)
		}, operations.Counts{Gone: 1}},
	} {
		counter, b := counts.New(), &book{}
		c.live(begin(counter, noon))
		if err := counter.Flush(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if got := b.of(operations.DimensionAll); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// What counts as a failure is what the service itself saw, of its own or of a broker's,
// and counts as that in every dimension. What a phone or an app broke is told apart.
func TestThreat43OnlyWhatWasSeenCounts(t *testing.T) {
	t.Parallel()
	failed, gone, broken := operations.Counts{Failed: 1}, operations.Counts{Gone: 1}, operations.Counts{Broken: 1}
	for _, c := range []struct {
		reason login.Reason
		detail string
		want   operations.Counts
	}{
		{login.ReasonBrokerError, "token.http_503", failed},
		{login.ReasonBrokerSlow, "token.timeout", failed},
		{login.ReasonBrokerDown, "circuit.open", failed},
		{login.ReasonBrokerResponse, "id_token.signature", failed},
		{login.ReasonBrokerNotInOperation, "id_token.hetu_artificial", failed},
		{login.ReasonInternal, "", failed},
		{login.ReasonBrokerError, "callback.server_error", gone},
		{login.ReasonBrokerResponse, "callback.code", gone},
		{login.ReasonBrokerError, "token.http_400", gone},
		{login.ReasonBrokerResponse, "id_token.nonce", gone},
		{login.ReasonBrokerSlow, "request.cancelled", gone},
		{login.ReasonBrokerError, "", gone},
		{login.ReasonMeansUnavailable, "means.switched_off", gone},
		{login.ReasonCancelledAtBroker, "callback.cancelled", gone},
		{login.ReasonCookiesBlocked, "", broken},
		{login.ReasonAppGone, "", broken},
	} {
		counter, b := counts.New(), &book{}
		a := begin(counter, noon)
		e := event(noon.Add(time.Second), login.StepReturn, login.OutcomeFailed, c.reason, "op")
		e.Detail = c.detail
		a.move(login.StateFailed, e)
		if err := counter.Flush(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		for _, d := range operations.Dimensions() {
			if got := b.of(d); got != c.want {
				t.Errorf("%s, %q counts for %s as %+v, want %+v", c.reason, c.detail, d, got, c.want)
			}
		}
	}
}

// However logins go, each counts once in every dimension of logins, and each choice of a
// bank once in every dimension of journeys; nothing gets lost while the database is down.
func TestSumsAreConserved(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		c, b := counts.New(), &book{}
		var logins, trips int64
		at := noon
		banks := rapid.SampledFrom([]string{"op", "nordea", "mobile"})
		for range rapid.IntRange(1, 12).Draw(rt, "logins") {
			a := begin(c, at)
			out := ""
			for range rapid.IntRange(0, 6).Draw(rt, "steps") {
				at = at.Add(time.Duration(rapid.IntRange(1, 400_000).Draw(rt, "ms")) * time.Millisecond)
				switch step := rapid.SampledFrom([]string{"choose", "return", "stray", "refused"}).Draw(rt, "step"); {
				case step == "choose":
					out = banks.Draw(rt, "bank")
					trips++
					a.move(login.StateOpened, event(at, login.StepChoose, login.OutcomeOK, "", out))
				case step == "return" && out != "":
					a.note(event(at, login.StepReturn, login.OutcomeFailed, rapid.SampledFrom(login.Reasons()).Draw(rt, "reason"), out))
					out = ""
				case step == "stray":
					a.note(event(at, login.StepReturn, login.OutcomeRefused, login.ReasonOtherBrowser, ""))
				case step == "refused":
					a.note(event(at, login.StepChoose, login.OutcomeFailed, login.ReasonMeansUnavailable, ""))
				}
			}
			at = at.Add(time.Second)
			if out != "" && rapid.Bool().Draw(rt, "proved") {
				a.move(login.StateAuthenticated, event(at, login.StepIdentify, login.OutcomeOK, "", out))
				at = at.Add(time.Second)
			}
			a.note(event(at, login.StepPage, login.OutcomeOK, "", ""))
			at = at.Add(time.Second)
			state := rapid.SampledFrom([]login.State{login.StateExpired, login.StateFailed, login.StateBurned, login.StateRedeemed}).Draw(rt, "end")
			a.move(state, login.Event{At: at, Step: login.StepExpire, Outcome: login.OutcomeFailed, Reason: login.ReasonAttemptExpired})
			a.note(login.Event{At: at.Add(time.Second), Step: login.StepRedeem, Outcome: login.OutcomeRefused})
			logins++
			b.failing = rapid.Bool().Draw(rt, "down")
			if err := c.Flush(rt.Context(), b); (err != nil) && !b.failing {
				rt.Fatal(err)
			}
		}
		b.failing = false
		if err := c.Flush(rt.Context(), b); err != nil {
			rt.Fatal(err)
		}
		for _, d := range operations.Dimensions() {
			want := logins
			switch d {
			case operations.DimensionMeans, operations.DimensionBroker:
				want = trips
			case operations.DimensionMeansReason:
				want = trips - b.of(operations.DimensionMeans).OK
			case operations.DimensionReason:
				want = logins - b.of(operations.DimensionAll).OK
			}
			if got := b.of(d).Tried(); got != want {
				rt.Errorf("%s: %d, want %d", d, got, want)
			}
		}
	})
}

// Whoever sends what they like fills neither the memory nor the database.
func TestValuesAreBounded(t *testing.T) {
	t.Parallel()
	c, b := counts.New(), &book{}
	for i := range 1000 {
		a := begin(c, noon)
		a.Device = login.Device{Platform: fmt.Sprint("platform", i), AppVersion: fmt.Sprintf("1.%d.0", i)}
		e := event(noon.Add(time.Second), login.StepReturn, login.OutcomeFailed, login.ReasonBrokerError, fmt.Sprint("bank", i))
		e.Browser = fmt.Sprintf("Opera %d on Android", i)
		a.move(login.StateFailed, e)
	}
	for _, version := range []string{"", "newest", "1", strings.Repeat("9", 500) + ".0.0", "1.2.3\x00", "v1.2.3", "1.2.3+build"} {
		a := begin(c, noon)
		a.Device.AppVersion = version
		a.move(login.StateFailed, login.Event{At: noon.Add(time.Second), Step: login.StepDigits, Browser: strings.Repeat("Ä ", 500)})
	}
	if err := c.Flush(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	values := map[string]int{}
	for key := range b.counts {
		d, value, _ := strings.Cut(key, " 12 ")
		values[d]++
		if len(value) > 100 {
			t.Errorf("%q is long", key)
		}
	}
	for d, n := range values {
		if n > 62 {
			t.Errorf("%s has %d values", d, n)
		}
	}
	if got := b.counts["version 12 other"]; got.Tried() < 900 {
		t.Errorf("the rest counts together: %+v", got)
	}
	if got := b.counts["platform 12 other"]; got.Tried() != 1000 {
		t.Errorf("platforms: %+v", got)
	}
}

// Counts are added every ten seconds, and the last ones on the way out.
func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, b := counts.New(), &book{failing: true}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { c.Run(ctx, b, slog.New(slog.DiscardHandler)); close(done) }()
		one := func() {
			a := begin(c, noon)
			a.move(login.StateFailed, event(noon.Add(time.Second), login.StepReturn, login.OutcomeFailed, login.ReasonBrokerError, "op"))
		}
		one()
		time.Sleep(counts.FlushEvery + time.Second) // the database is down
		b.mu.Lock()
		b.failing = false
		b.mu.Unlock()
		one()
		time.Sleep(counts.FlushEvery)
		if got := b.of(operations.DimensionAll).Failed; got != 2 {
			t.Errorf("%d after the database is back, want 2", got)
		}
		time.Sleep(3 * counts.FlushEvery)
		if b.batches != 1 {
			t.Errorf("%d batches: nothing to add is not added", b.batches)
		}
		one()
		stop()
		<-done
		if got := b.of(operations.DimensionAll).Failed; got != 3 {
			t.Errorf("%d after the end, want 3", got)
		}
	})
}

// Many requests count at once.
func TestCountingTogether(t *testing.T) {
	t.Parallel()
	c, b := counts.New(), &book{}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 50 {
				a := begin(c, noon)
				a.move(login.StateFailed, event(noon.Add(time.Second), login.StepReturn, login.OutcomeFailed, login.ReasonBrokerError, "op"))
				if i%10 == 0 {
					if err := c.Flush(t.Context(), b); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	if err := c.Flush(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if got := b.of(operations.DimensionAll).Failed; got != 400 {
		t.Errorf("%d, want 400", got)
	}
}

func FuzzValues(f *testing.F) {
	f.Add("android", "1.16.0", "Opera 76 on Android")
	f.Add("", "", "")
	f.Add("x", "1.2.3-\xff", " 1 on ")
	f.Fuzz(func(t *testing.T, platform, version, browser string) {
		c, b := counts.New(), &book{}
		a := begin(c, noon)
		a.Device = login.Device{Platform: platform, AppVersion: version}
		e := event(noon.Add(time.Second), login.StepReturn, login.OutcomeFailed, login.ReasonBrokerError, "op")
		e.Browser = browser
		a.move(login.StateFailed, e)
		if err := c.Flush(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		for _, d := range []operations.Dimension{operations.DimensionPlatform, operations.DimensionVersion, operations.DimensionBrowser, operations.DimensionRelease} {
			if got := b.of(d); got.Tried() != 1 {
				t.Errorf("%s: %+v", d, got)
			}
		}
	})
}

// illBook panics once.
type illBook struct {
	book
	well bool
}

func (b *illBook) AddTallies(ctx context.Context, counted []operations.Tally) error {
	if !b.well {
		b.well = true
		panic("database")
	}
	return b.book.AddTallies(ctx, counted)
}

// A flush that panics is begun again, and what was counted is counted.
func TestThreat54FlushThatPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, b := counts.New(), &illBook{}
		a := begin(c, noon)
		a.move(login.StateOpened, event(noon, login.StepChoose, login.OutcomeOK, "", "op"))
		a.note(event(noon.Add(time.Second), login.StepReturn, login.OutcomeFailed, login.ReasonBrokerError, "op"))
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			steady.Keeper{}.Run(ctx, "tally", func(ctx context.Context) { c.Run(ctx, b, slog.New(slog.DiscardHandler)) })
		})
		time.Sleep(3 * counts.FlushEvery)
		stop()
		running.Wait()
		if n := b.of(operations.DimensionMeans); n.Tried() != 1 {
			t.Errorf("counted %+v", n)
		}
	})
}
