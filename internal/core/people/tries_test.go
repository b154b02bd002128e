package people_test

import (
	"slices"
	"testing"
	"time"

	"avain/internal/core/people"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/store/storetest"
	"avain/internal/secret"
)

const guessed = "väärä"

// at types a password somewhere.
func (o *office) at(t *testing.T, place people.Place, name, typed string) error {
	t.Helper()
	_, err := o.CheckPassword(t.Context(), people.Try{Name: name, Password: secret.Of(typed), Place: place})
	return err
}

// loggedIn gives somebody an app with a session, and says which.
func (o *office) loggedIn(t *testing.T, p login.Person) (place people.Place, session string) {
	t.Helper()
	place = people.Place{Key: login.NewID(), Network: login.NewID()}
	r := storetest.ConfirmedFor(t, o.db, p.ID)
	r.Session.Key, session = place.Key, r.Session.ID
	if _, err := o.db.Attempts.RedeemCode(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return place, session
}

func paused(err error) bool {
	e := fault.AsError(err)
	return e != nil && e.Kind == fault.TooMany && e.Reason == login.ReasonRateLimited && e.RetryAfter > 0
}

// Somebody guesses once a minute, for days, by both names, from ever new places. The
// person gets in all the same, where they have been before: with the app's key, which has
// a session of theirs, in a browser and in a network from which they got in once. They
// may mistype there, too. From elsewhere they cannot, and what they are told does not
// depend on what they type.
func TestThreat44OwnerGetsInWhileSomebodyGuesses(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	aino := o.user(t, "aino", false)
	phone, _ := o.loggedIn(t, aino)
	laptop := people.Place{Browser: secret.New(), Network: "at home"}
	if err := o.at(t, laptop, "aino", rightPassword); err != nil {
		t.Fatal(err)
	}
	own := map[string]people.Place{
		"phone": {Key: phone.Key, Network: "on the road"}, "browser": {Browser: laptop.Browser, Network: "at work"},
		"network": {Key: login.NewID(), Network: laptop.Network},
	}
	for minute := range 2 * 24 * 60 {
		o.now = o.now.Add(time.Minute)
		for _, name := range []string{"aino", "aino@example.com"} {
			if _, err := o.typed(t, name, secret.Of(guessed)); !paused(err) && !fault.HasReason(err, login.ReasonPasswordWrong) {
				t.Fatalf("minute %d, %s: %v", minute, name, err)
			}
		}
		if minute%350 != 349 {
			continue
		}
		for what, place := range own {
			if err := o.at(t, place, "aino", guessed); !fault.HasReason(err, login.ReasonPasswordWrong) {
				t.Errorf("minute %d: mistyped, %s: %v", minute, what, err)
			}
			if err := o.at(t, place, "aino@example.com", rightPassword); err != nil {
				t.Errorf("minute %d: %s: %v", minute, what, err)
			}
		}
		hashed := o.hashed.Load()
		_, right := o.typed(t, "aino", secret.Of(rightPassword))
		_, wrong := o.typed(t, "aino", secret.Of(guessed))
		if a, b := fault.AsError(right), fault.AsError(wrong); !paused(right) || !paused(wrong) || a.RetryAfter != b.RetryAfter || a.Detail != b.Detail || a.Code != b.Code {
			t.Errorf("minute %d: from elsewhere, right: %+v, wrong: %+v", minute, a, b)
		}
		if o.hashed.Load() != hashed {
			t.Errorf("minute %d: a try that was not allowed was looked at", minute)
		}
	}
}

// Whatever attackers have at their command, devices and networks of the person included,
// no more than a hundred of their tries are looked at in any day, over all days and from
// the first on; and the person's own right ones are not counted.
func TestThreat44HundredFailedTriesADay(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	aino := o.user(t, "aino", false)
	places := []people.Place{{}}
	for range 3 {
		phone, _ := o.loggedIn(t, aino)
		browser := people.Place{Browser: secret.New(), Network: login.NewID()}
		if err := o.at(t, browser, "aino", rightPassword); err != nil {
			t.Fatal(err)
		}
		places = append(places, people.Place{Key: phone.Key}, people.Place{Browser: browser.Browser}, people.Place{Network: browser.Network})
	}
	own, _ := o.loggedIn(t, aino)
	var looked []time.Time
	var begin int
	most := 0
	for range 3 * 24 * 6 {
		o.now = o.now.Add(10 * time.Minute)
		for i, place := range places {
			name := []string{"aino", "aino@example.com"}[i%2]
			for err := o.at(t, place, name, guessed); !paused(err); err = o.at(t, place, name, guessed) {
				looked = append(looked, o.now)
			}
		}
		if err := o.at(t, own, "aino", rightPassword); err != nil && !paused(err) {
			t.Fatal(err)
		}
		for looked[begin].Add(24 * time.Hour).Before(o.now) {
			begin++
		}
		most = max(most, len(looked)-begin)
	}
	if most > 100 || most < 80 {
		t.Errorf("%d tries in a day, want 100 at most, and not far from it", most)
	}
}

// A name that nobody has is answered like one that somebody has, try for try, to a
// stranger with any name, and however long they wait.
func TestThreat44UnknownNamesBehaveAlike(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	aino := o.user(t, "aino", false)
	phone, _ := o.loggedIn(t, aino)
	if err := o.at(t, phone, "aino", rightPassword); err != nil {
		t.Fatal(err)
	}
	began := o.now
	play := func(names ...string) (told []string) {
		o.now = began
		for _, step := range []time.Duration{0, time.Minute, time.Hour, 30 * time.Minute, 5 * time.Hour, 24 * time.Hour} {
			o.now = o.now.Add(step)
			for _, name := range names {
				for range 13 {
					_, err := o.typed(t, name, secret.Of(guessed))
					e := fault.AsError(err)
					told = append(told, e.Kind.String()+" "+string(e.Reason)+" "+e.RetryAfter.String())
				}
			}
		}
		return told
	}
	// The second name of a person is not told from a second stranger's either.
	if known, unknown := play("aino", "aino@example.com"), play("nobody", "nobody@example.com"); !slices.Equal(known, unknown) {
		t.Errorf("known:\n%v\nunknown:\n%v", known, unknown)
	}
}

// A device that the person has sent away, or that was logged out because something was
// wrong with it, is a stranger's again. One that they have logged out themselves is not.
func TestThreat44ForeignDevicesHaveNoBudget(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	aino, eino := o.user(t, "aino", false), o.user(t, "eino", false)
	foreign, _ := o.loggedIn(t, eino)
	places := map[string]people.Place{"somebody else's": foreign}
	for why, mine := range map[string]bool{
		"logout_app": true, "logout_browser": true, "logout_web": true, "signed_in_again": true,
		"not_me": false, "logged_out_elsewhere": false, "admin": false, "support": false, "code_replayed": false,
	} {
		place, session := o.loggedIn(t, aino)
		if err := o.db.Sessions.RevokeSession(t.Context(), session, why, o.now); err != nil {
			t.Fatal(err)
		}
		if mine {
			if err := o.at(t, place, "aino", rightPassword); err != nil {
				t.Errorf("%s: %v", why, err)
			}
			continue
		}
		places[why] = place
	}
	for range 11 {
		_, _ = o.typed(t, "aino", secret.Of(guessed))
	}
	for what, place := range places {
		place.Network = ""
		if err := o.at(t, place, "aino", rightPassword); !paused(err) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// A cookie is recognised for half a year after it was last used, and for one person.
	browser := people.Place{Browser: secret.New()}
	if err := o.at(t, browser, "eino", rightPassword); err != nil {
		t.Fatal(err)
	}
	if err := o.at(t, browser, "aino", rightPassword); !paused(err) {
		t.Errorf("another person's browser: %v", err)
	}
	o.now = o.now.Add(180 * 24 * time.Hour)
	for range 11 {
		_, _ = o.typed(t, "eino", secret.Of(guessed))
	}
	if err := o.at(t, browser, "eino", rightPassword); !paused(err) {
		t.Errorf("half a year later: %v", err)
	}
}
