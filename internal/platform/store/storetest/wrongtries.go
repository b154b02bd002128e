package storetest

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/store"
	"avain/internal/secret"
)

// days are those that support is shown.
const days = 14

// rowsOfWrongTries are what the database holds, as the person gets it.
func rowsOfWrongTries(t *testing.T, s *store.Store, person string) []map[string]any {
	t.Helper()
	for _, kept := range must[[]operations.PersonalData](t)(s.People.PersonalData(t.Context(), person)) {
		if kept.Table == "wrong_tries" {
			return kept.Rows
		}
	}
	t.Fatal("the person's data say nothing of wrong tries")
	return nil
}

// Wrong passwords are counts per day and network, of all records of a human together and
// of nobody else. Ten thousand networks make eleven rows, and those go with the logins.
func wrongTries(t *testing.T, s *store.Store) {
	p, older, other := AddPerson(t, s), Person(), AddPerson(t, s)
	wantErr(t, "an older record", s.People.AddPerson(t.Context(), older, nil, nil), nil)
	home, away := NewHash(), NewHash()
	add := func(all ...login.WrongTries) {
		t.Helper()
		wantErr(t, "add", s.People.AddWrongTries(t.Context(), all), nil)
	}
	add(
		login.WrongTries{Person: p.ID, Day: "2026-11-22", Network: home, Tries: 2, Known: 2},
		login.WrongTries{Person: p.ID, Day: "2026-11-22", Network: away, Tries: 5},
		login.WrongTries{Person: p.ID, Day: "2026-11-21", Network: away, Tries: 1},
		login.WrongTries{Person: login.NewID(), Day: "2026-11-22", Network: home, Tries: 1}, // erased meanwhile
		login.WrongTries{Person: "\x00", Day: "2026-11-22", Network: home, Tries: 1},
		login.WrongTries{Person: other.ID, Day: "2026-11-22", Network: home, Tries: 100},
	)
	add(login.WrongTries{Person: p.ID, Day: "2026-11-22", Network: home, Tries: 3, Known: 1})
	add(login.WrongTries{Person: older.ID, Day: "2026-11-20", Tries: 4}) // from who knows where
	wantErr(t, "join", s.People.JoinPersons(t.Context(), older.ID, p.ID, Noon()), nil)
	see := func(what string, want ...login.WrongDay) {
		t.Helper()
		if got := must[[]login.WrongDay](t)(s.People.WrongTriesOf(t.Context(), p.ID, days)); !slices.Equal(got, want) {
			t.Errorf("%s: %+v, want %+v", what, got, want)
		}
	}
	today := login.WrongDay{Day: "2026-11-22", Tries: 10, Known: 3, Networks: 2}
	before := []login.WrongDay{{Day: "2026-11-21", Tries: 1, Networks: 1}, {Day: "2026-11-20", Tries: 4, More: true}}
	see("counted", append([]login.WrongDay{today}, before...)...)
	if got := must[[]login.WrongDay](t)(s.People.WrongTriesOf(t.Context(), p.ID, 1)); !slices.Equal(got, []login.WrongDay{today}) {
		t.Errorf("the last day alone: %+v", got)
	}

	const networks = 10_000
	var flood []login.WrongTries
	for range networks {
		flood = append(flood, login.WrongTries{Person: p.ID, Day: "2026-11-22", Network: NewHash(), Tries: 1})
	}
	for some := range slices.Chunk(flood, 500) {
		add(some...)
	}
	add(login.WrongTries{Person: p.ID, Day: "2026-11-22", Network: home, Tries: 1, Known: 1}) // is still told apart
	today.Tries, today.Known, today.Networks, today.More = today.Tries+networks+1, today.Known+1, login.NetworksTold, true
	see("from ten thousand networks", append([]login.WrongDay{today}, before...)...)
	rows := rowsOfWrongTries(t, s, p.ID)
	if len(rows) != login.NetworksTold+1+2 {
		t.Errorf("%d rows: %v", len(rows), rows)
	}
	if !slices.ContainsFunc(rows, func(row map[string]any) bool { return row["tries"] == int64(6) && row["known"] == int64(4) }) {
		t.Errorf("the network at home has lost its count: %v", rows)
	}
	for _, row := range rows {
		if len(row) != 4 {
			t.Errorf("shown to the person: %v", row)
		}
	}

	purge := func(at time.Time, want int64) {
		t.Helper()
		if got := must[store.Purged](t)(s.Purge(t.Context(), at, store.Retention{Attempts: 90 * day})); got.WrongTries != want {
			t.Errorf("at %s: purged %+v, want %d", at, got, want)
		}
	}
	midnight := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC).Add(90 * day) // 90 days after the 20th
	purge(midnight.Add(-time.Millisecond), 0)
	purge(midnight, 1)
	see("the 20th is gone", append([]login.WrongDay{today}, before[:1]...)...)
	purge(midnight.Add(2*day), login.NetworksTold+1+1+1) // with the other's
	see("all are gone")
}

// Many nodes add at once: nothing is lost, and there are not more rows than each of them
// could make by itself.
func wrongTriesRace(t *testing.T, s *store.Store) {
	people := []login.Person{AddPerson(t, s), AddPerson(t, s)}
	var networks []secret.Hash
	for range 15 {
		networks = append(networks, NewHash())
	}
	const nodes, flushes = 4, 5
	for _, err := range together(t.Context(), nodes, func(ctx context.Context, node int) error {
		for n := range flushes {
			var batch []login.WrongTries
			for i := range networks { // each in an order of its own
				for _, p := range people {
					batch = append(batch, login.WrongTries{Person: p.ID, Day: "2026-11-" + strconv.Itoa(20+n), Network: networks[(i+node)%len(networks)], Tries: 2, Known: 1})
				}
			}
			if err := s.People.AddWrongTries(ctx, batch); err != nil {
				return err
			}
		}
		return nil
	}) {
		wantErr(t, "add", err, nil)
	}
	for _, p := range people {
		all := must[[]login.WrongDay](t)(s.People.WrongTriesOf(t.Context(), p.ID, days))
		if len(all) != flushes {
			t.Errorf("%d days: %+v", len(all), all)
		}
		for _, d := range all {
			if want := int64(nodes * len(networks)); d.Tries != 2*want || d.Known != want || d.Networks < login.NetworksTold || d.Networks > nodes*login.NetworksTold || !d.More {
				t.Errorf("%+v, want %d tries", d, 2*want)
			}
		}
	}
}
