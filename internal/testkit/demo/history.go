package demo

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/store"
	"avain/internal/testkit/brokersim"
)

// historyDays is how much past is made up: what the status page shows.
const historyDays = 90

// seedHistory makes up how logins went before the demo began, so that the status page and
// the console's overview can be looked at. The pages say that it is made up. It does so
// once: a demo that keeps its data keeps its past too.
func seedHistory(ctx context.Context, s *store.Store, now time.Time) error {
	hour := now.Truncate(operations.TallyHour)
	there, err := s.Operations.Tallies(ctx, operations.DimensionAll, hour.AddDate(0, 0, -historyDays), hour.Add(operations.TallyHour))
	if err != nil || len(there) > 0 {
		return err
	}
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		return err
	}
	p := past{random: rand.New(rand.NewPCG(2022, 531))} //nolint:gosec // the same past each time
	today := now.In(zone)
	for ago := historyDays; ago >= 0; ago-- {
		p.day = nil
		at := time.Date(today.Year(), today.Month(), today.Day()-ago, 0, 0, 0, 0, zone)
		for tomorrow := at.AddDate(0, 0, 1); at.Before(tomorrow) && !at.After(now); at = at.Add(operations.TallyHour) {
			p.hour(at, ago, min(1, now.Sub(at).Hours()))
		}
		if err := s.Operations.AddTallies(ctx, p.day); err != nil {
			return fmt.Errorf("make up a past: %w", err)
		}
	}
	return nil
}

// past makes up tallies.
type past struct {
	random *rand.Rand
	day    []operations.Tally
}

// share is a value and how many of the logins have it.
type share struct {
	value string
	part  float64
}

func (p *past) hour(at time.Time, ago int, part float64) {
	var all operations.Counts
	broker := map[string]operations.Counts{}
	for i, bank := range brokersim.Banks() {
		n := p.logins(busy(at) * part / float64(i+2))
		rate := 0.03
		switch hours := at.Hour(); {
		case i == 1 && ago == 12 && hours >= 6 && hours < 20: // the bank's bad day
			rate = 0.85
		case i == 3 && ago == 41 && hours >= 10 && hours < 13:
			rate = 0.6
		}
		counts := p.split(n, rate)
		all = all.Plus(counts)
		p.add(operations.DimensionMeans, at, bank.ID, counts)
		id := "op"
		if bank.Mobile() {
			id = "telia"
		}
		broker[id] = broker[id].Plus(counts)
		p.why(at, bank.ID, counts)
	}
	for id, counts := range broker {
		p.add(operations.DimensionBroker, at, id, counts)
	}
	p.spread(operations.DimensionMethod, at, all, share{"direct", 0.86}, share{"link", 0.14})
	for _, s := range []share{{"qr", 0.1}, {"credentials", 0.06}} { // which no bank disturbs
		n := p.split(int64(s.part*float64(all.Tried())), 0.02)
		p.add(operations.DimensionMethod, at, s.value, n)
		p.add(operations.DimensionReason, at, string(login.ReasonInternal), operations.Counts{Failed: n.Failed})
		p.add(operations.DimensionReason, at, string(login.ReasonAbandonedAtPage), operations.Counts{Gone: n.Gone})
		all = all.Plus(n)
	}
	p.add(operations.DimensionAll, at, "", all)
	if ago > 30 {
		return
	}
	p.spread(operations.DimensionPlatform, at, all, share{"android", 0.52}, share{"ios", 0.44}, share{"huawei", 0.04})
	p.spread(operations.DimensionVersion, at, all, share{"1.16.0", 0.71}, share{"1.15.2", 0.22}, share{"1.12.0", 0.07})
	p.spread(operations.DimensionBrowser, at, all, share{"Chrome on Android", 0.38}, share{"Safari on iOS", 0.41},
		share{"Samsung Internet on Android", 0.11}, share{"Firefox on Android", 0.06}, share{"Opera on Android", 0.04})
}

// busy is how many log in to the first bank in an hour of the day: few at night, fewer
// on free days.
func busy(at time.Time) float64 {
	n := 120 * (0.02 + math.Pow(math.Sin(math.Pi*float64(at.Hour())/24), 2))
	if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
		n *= 0.5
	}
	return n
}

func (p *past) logins(mean float64) int64 {
	return int64(math.Max(0, math.Round(mean+math.Sqrt(mean)*p.random.NormFloat64())))
}

// split lets so many fail, and some more leave.
func (p *past) split(n int64, failing float64) (c operations.Counts) {
	for range n {
		switch x := p.random.Float64(); {
		case x < failing:
			c.Failed++
		case x < failing+0.06:
			c.Gone++
		default:
			c.OK++
		}
	}
	return c
}

func (p *past) why(at time.Time, bank string, c operations.Counts) {
	for reason, n := range map[login.Reason]operations.Counts{
		login.ReasonBrokerError: {Failed: c.Failed}, login.ReasonAbandonedAtBank: {Gone: c.Gone},
	} {
		if n.Tried() > 0 {
			p.add(operations.DimensionMeansReason, at, bank+" "+string(reason), n)
			p.add(operations.DimensionReason, at, string(reason), n)
		}
	}
}

// spread divides the counts among values; the first one has what is left.
func (p *past) spread(d operations.Dimension, at time.Time, c operations.Counts, shares ...share) {
	left := c
	for _, s := range shares[1:] {
		some := func(n int64) int64 { return int64(float64(n) * s.part) }
		n := operations.Counts{OK: some(c.OK), Gone: some(c.Gone), Failed: some(c.Failed)}
		left = operations.Counts{OK: left.OK - n.OK, Gone: left.Gone - n.Gone, Failed: left.Failed - n.Failed}
		p.add(d, at, s.value, n)
	}
	p.add(d, at, shares[0].value, left)
}

func (p *past) add(d operations.Dimension, at time.Time, value string, c operations.Counts) {
	if c.Tried() > 0 {
		p.day = append(p.day, operations.Tally{Dimension: d, Hour: at.UTC(), Value: value, Counts: c, People: c.Strangers()})
	}
}
