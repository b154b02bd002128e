package people_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/core/people"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/secret"
)

// seen is what support is told of the person's wrong passwords.
func (o *office) seen(t *testing.T, p login.Person) []login.WrongDay {
	t.Helper()
	if err := o.wrong.Flush(t.Context(), o.db.People); err != nil {
		t.Fatal(err)
	}
	all, err := o.db.People.WrongTriesOf(t.Context(), p.ID, 100)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Support sees for each day how many wrong passwords were typed for a person, from how
// many networks, and how many of them where the person had got in before. Right passwords
// count nothing, nor do names that nobody has, nor tries that nobody looked at. A day is
// the person's.
func TestThreat38WrongPasswordsAreCountsPerDayAndNetwork(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	aino, eino := o.user(t, "aino", false), o.user(t, "eino", true)
	home := people.Place{Browser: secret.New(), Network: "192.0.2.1/32"}
	if err := o.at(t, home, "aino", rightPassword); err != nil {
		t.Fatal(err)
	}
	wrong := func(place people.Place, name string) {
		t.Helper()
		if err := o.at(t, place, name, guessed); !fault.HasReason(err, login.ReasonPasswordWrong) {
			t.Fatal(err)
		}
	}
	wrong(home, "aino")
	wrong(people.Place{Browser: home.Browser, Network: "192.0.2.2/32"}, "aino@example.com") // the laptop at work
	wrong(people.Place{Network: home.Network}, "AINO")                                      // another device at home
	for i := range 5 {
		wrong(people.Place{Key: login.NewID(), Network: fmt.Sprintf("198.51.100.%d/32", i%3)}, "aino")
		wrong(people.Place{Key: login.NewID(), Network: "198.51.100.1/32"}, "nobody")
	}
	if err := o.at(t, home, "aino", rightPassword); err != nil {
		t.Fatal(err)
	}
	if err := o.at(t, people.Place{Network: "198.51.100.1/32"}, "eino", rightPassword); !fault.HasReason(err, login.ReasonStrongRequired) {
		t.Fatal(err)
	}
	first := login.WrongDay{Day: "2026-11-22", Tries: 8, Known: 3, Networks: 5}
	if got := o.seen(t, aino); !slices.Equal(got, []login.WrongDay{first}) {
		t.Errorf("%+v, want %+v", got, first)
	}
	if got := o.seen(t, eino); len(got) > 0 {
		t.Errorf("eino, who typed his password rightly: %+v", got)
	}

	for range 20 { // most are refused before anybody looks
		_, _ = o.typed(t, "eino", secret.Of(guessed))
	}
	if got := o.seen(t, eino); len(got) != 1 || got[0].Tries != 10 || got[0].Networks != 10 || got[0].Known != 0 {
		t.Errorf("of twenty guesses ten are looked at: %+v", got)
	}
	o.now = time.Date(2026, 11, 22, 22, 30, 0, 0, time.UTC) // past midnight where she is
	wrong(people.Place{}, "aino")
	if got := o.seen(t, aino); !slices.Equal(got, []login.WrongDay{{Day: "2026-11-23", Tries: 1, More: true}, first}) {
		t.Errorf("the next day: %+v", got)
	}
}

// taker is a store that fails for as long as it is told to.
type taker struct {
	failing bool
	panics  bool
	got     []login.WrongTries
}

func (k *taker) AddWrongTries(_ context.Context, counted []login.WrongTries) error {
	switch {
	case k.panics:
		panic("a bug")
	case k.failing:
		return errors.New("down")
	}
	k.got = append(k.got, counted...)
	return nil
}

// What cannot be added is kept for the next time. The mark of a network says neither which
// it is nor that it is the same as yesterday's, or another person's.
func TestWrongPasswordsAreKeptUntilTheyAreAdded(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.user(t, "aino", false)
	o.user(t, "eino", false)
	const network = "198.51.100.1/32"
	for range 2 {
		for _, name := range []string{"aino", "aino", "eino", "nobody"} {
			if err := o.at(t, people.Place{Network: network}, name, guessed); !fault.HasReason(err, login.ReasonPasswordWrong) {
				t.Fatal(err)
			}
		}
		o.now = o.now.Add(24 * time.Hour)
	}
	k := &taker{panics: true}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = o.wrong.Flush(t.Context(), k)
	}()
	k.panics, k.failing = false, true
	if err := o.wrong.Flush(t.Context(), k); err == nil {
		t.Error("the failure was swallowed")
	}
	k.failing = false
	for range 2 {
		if err := o.wrong.Flush(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
	tries, marks := int64(0), map[secret.Hash]bool{}
	for _, w := range k.got {
		tries += w.Tries
		marks[w.Network] = true
		if w.Network.Zero() || w.Person == "" || strings.Contains(fmt.Sprintf("%+v", w), "198.51") {
			t.Errorf("%+v", w)
		}
	}
	if len(k.got) != 4 || len(marks) != 4 || tries != 6 {
		t.Errorf("%d wrong passwords under %d marks: %+v", tries, len(marks), k.got)
	}
}
