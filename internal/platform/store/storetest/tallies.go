package storetest

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/queue"
	"avain/internal/platform/store"
)

func tallies(t *testing.T, s *store.Store) {
	bank := func(hour int, value string, c operations.Counts) operations.Tally {
		return operations.Tally{Dimension: operations.DimensionMeans, Hour: Noon().Add(time.Duration(hour) * time.Hour), Value: value, Counts: c}
	}
	other := bank(1, "mobile", operations.Counts{OK: 5, Broken: 7})
	other.Dimension = operations.DimensionMethod
	met := bank(1, "op", operations.Counts{OK: 1})
	met.People = operations.People{OK: 1, Failed: 2, Marks: 1<<63 | 1}
	again := bank(1, "op", operations.Counts{OK: 10, Gone: 20, Broken: 25, Failed: 30})
	again.People = operations.People{OK: 4, Failed: 2, Marks: 1<<5 | 1}
	for _, batch := range [][]operations.Tally{
		{met, bank(0, "op", operations.Counts{Failed: 2}), other, bank(1, "mobile", operations.Counts{Gone: 3})},
		{again},
		nil,
	} {
		if err := s.Operations.AddTallies(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	read := func(d operations.Dimension, from, to int) []operations.Tally {
		return must[[]operations.Tally](t)(s.Operations.Tallies(t.Context(), d, Noon().Add(time.Duration(from)*time.Hour), Noon().Add(time.Duration(to)*time.Hour)))
	}
	both := bank(1, "op", operations.Counts{OK: 11, Gone: 20, Broken: 25, Failed: 30})
	both.People = operations.People{OK: 5, Failed: 4, Marks: 1<<63 | 1<<5 | 1} // a mark that comes twice is one
	all := []operations.Tally{bank(0, "op", operations.Counts{Failed: 2}), bank(1, "mobile", operations.Counts{Gone: 3}), both}
	if got := read(operations.DimensionMeans, 0, 2); !reflect.DeepEqual(got, all) {
		t.Errorf("got %+v", got)
	}
	if got := read(operations.DimensionMeans, 0, 1); !reflect.DeepEqual(got, all[:1]) {
		t.Errorf("the first hour: %+v", got)
	}
	every := must[[]operations.Tally](t)(s.Operations.AllTallies(t.Context(), Noon(), Noon().Add(2*time.Hour)))
	if want := append(slices.Clone(all), other); !reflect.DeepEqual(every, want) {
		t.Errorf("of all dimensions: %+v", every)
	}
	if got := must[[]operations.Tally](t)(s.Operations.AllTallies(t.Context(), Noon(), Noon().Add(time.Hour))); !reflect.DeepEqual(got, all[:1]) {
		t.Errorf("of all dimensions in the first hour: %+v", got)
	}
	if n, err := s.Operations.PurgeTallies(t.Context(), Noon().Add(time.Hour)); n != 1 || err != nil {
		t.Errorf("purged %d, %v", n, err)
	}
	if got := read(operations.DimensionMeans, 0, 2); !reflect.DeepEqual(got, all[1:]) {
		t.Errorf("after the purge: %+v", got)
	}
}

// talliesAddUp: nodes that count the same values at once lose nothing, in whatever order
// each of them has its counts.
func talliesAddUp(t *testing.T, s *store.Store) {
	const nodes, rounds = 6, 10
	values := []string{"a", "b", "c", "d"}
	for _, err := range together(t.Context(), nodes, func(ctx context.Context, i int) error {
		for round := range rounds {
			var batch []operations.Tally
			for _, v := range values {
				batch = append(batch, operations.Tally{Dimension: operations.DimensionMeans, Hour: Noon(), Value: v, Counts: operations.Counts{OK: 1, Failed: int64(round)}})
			}
			if i%2 == 1 {
				slices.Reverse(batch)
			}
			if err := s.Operations.AddTallies(ctx, batch); err != nil {
				return err
			}
		}
		return nil
	}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	got := must[[]operations.Tally](t)(s.Operations.Tallies(t.Context(), operations.DimensionMeans, Noon(), Noon().Add(time.Hour)))
	want := operations.Counts{OK: nodes * rounds, Failed: nodes * rounds * (rounds - 1) / 2}
	if len(got) != len(values) {
		t.Fatalf("%d rows", len(got))
	}
	for _, one := range got {
		if one.Counts != want {
			t.Errorf("%s: %+v, want %+v", one.Value, one.Counts, want)
		}
	}
}

func anAlert() operations.Alert {
	return operations.Alert{
		ID: login.NewID(), Dimension: operations.DimensionMeans, Value: "op", RaisedAt: Noon(),
		Now: operations.Counts{OK: 1, Gone: 2, Failed: 12}, Usual: 0.875,
	}
}

func alerts(t *testing.T, s *store.Store) {
	ctx := t.Context()
	raise := func(a operations.Alert, want bool, jobs ...queue.Job) {
		t.Helper()
		if raised, err := s.Operations.RaiseAlert(ctx, a, jobs); raised != want || err != nil {
			t.Errorf("raised %v, %v; want %v", raised, err, want)
		}
	}
	told := func(want int) {
		t.Helper()
		n := int64(0)
		for _, d := range must[[]queue.Depth](t)(s.Operations.JobDepths(ctx)) {
			n += d.Waiting
		}
		if int(n) != want {
			t.Errorf("%d jobs, want %d", n, want)
		}
	}
	job := func() queue.Job {
		return queue.Job{ID: login.NewID(), Kind: "webhook.pager", Payload: []byte("{}"), At: Noon(), CreatedAt: Noon()}
	}
	one, again, other := anAlert(), anAlert(), anAlert()
	other.Value = "mobile"
	raise(one, true, job())
	raise(again, false, job()) // it lasts already: nobody is told twice
	raise(other, true)
	told(1)
	if got := must[[]operations.Alert](t)(s.Operations.Alerts(ctx, Noon())); len(got) != 2 || !slices.ContainsFunc(got, func(a operations.Alert) bool { return reflect.DeepEqual(a, one) }) {
		t.Errorf("got %+v", got)
	}
	end := func(id string, want bool) {
		t.Helper()
		if ended, err := s.Operations.EndAlert(ctx, id, Noon().Add(time.Hour), []queue.Job{job()}); ended != want || err != nil {
			t.Errorf("ended %v, %v; want %v", ended, err, want)
		}
	}
	end(one.ID, true)
	end(one.ID, false)
	end("nobody", false)
	told(2)
	one.EndedAt = Noon().Add(time.Hour)
	if got := must[[]operations.Alert](t)(s.Operations.Alerts(ctx, Noon())); len(got) != 2 || !slices.ContainsFunc(got, func(a operations.Alert) bool { return reflect.DeepEqual(a, one) }) {
		t.Errorf("after the end: %+v", got)
	}
	if got := must[[]operations.Alert](t)(s.Operations.Alerts(ctx, one.EndedAt)); len(got) != 1 || got[0].ID != other.ID {
		t.Errorf("those that ended later: %+v", got)
	}
	raise(again, true) // over: the next one may come
	if _, err := s.Operations.PurgeTallies(ctx, Noon().Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := must[[]operations.Alert](t)(s.Operations.Alerts(ctx, time.Time{})); len(got) != 2 {
		t.Errorf("a purge takes what is over: %+v", got)
	}
}

// alertRace: of many nodes that see the same, one raises and one ends.
func alertRace(t *testing.T, s *store.Store) {
	for range 5 {
		var id string
		race := func(act func(ctx context.Context) (bool, error)) {
			t.Helper()
			oneWinner(t, together(t.Context(), 8, func(ctx context.Context, _ int) error {
				won, err := act(ctx)
				if err == nil && !won {
					return fault.ErrMoved
				}
				return err
			}), fault.ErrMoved)
		}
		race(func(ctx context.Context) (bool, error) { return s.Operations.RaiseAlert(ctx, anAlert(), nil) })
		last := must[[]operations.Alert](t)(s.Operations.Alerts(t.Context(), Noon().Add(time.Hour)))
		if len(last) != 1 {
			t.Fatalf("%d alerts last", len(last))
		}
		id = last[0].ID
		race(func(ctx context.Context) (bool, error) {
			return s.Operations.EndAlert(ctx, id, Noon().Add(time.Hour), nil)
		})
	}
}
