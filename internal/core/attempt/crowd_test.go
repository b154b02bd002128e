package attempt_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/crowd"
	"avain/internal/platform/store"
	"avain/internal/secret"
)

// street is a world in which people and attackers log in from networks.
type street struct {
	*world
	crowd *crowd.Crowd
	part  int
	gone  int // logins that gave way
}

const (
	openAltogether = 3000
	openPerNetwork = 1500
	openPerClient  = 600
)

func newStreet(w *world) *street {
	w.Helper()
	s := &street{world: w, part: 1}
	s.crowd = s.crowdOf(crowd.Limits{Altogether: openAltogether, PerNetwork: openPerNetwork, PerClient: openPerClient})
	return s
}

func (s *street) crowdOf(limits crowd.Limits) *crowd.Crowd {
	return crowd.New(crowd.Deps{
		Store: s.db.Attempts, Room: func(ctx context.Context, from login.Source, cost login.Cost) (bool, error) {
			made, err := s.MakeRoom(ctx, from, cost)
			if made {
				s.gone++
			}
			return made, err
		}, Key: secret.Of("where from"), Clients: []string{"shop"}, Limits: limits,
	})
}

// begin starts a login from a source, as the features do.
func (s *street) begin(ctx context.Context, from login.Source) (login.Attempt, error) {
	if err := s.crowd.Admit(ctx, from); err != nil {
		return login.Attempt{}, err
	}
	started, err := s.Start(ctx, attempt.StartRequest{
		Client: clientID, Method: login.MethodDirect, Key: keyOfApp, Source: from,
		Request: login.Request{RedirectURI: redirectURI, Scopes: []string{"openid"}, CodeChallenge: challengeOf(verifier)},
	})
	return started.Attempt, err
}

// second lets a second pass; housekeeping does its work when it is due.
func (s *street) second(n int) {
	s.Helper()
	s.pass(time.Second)
	if n%2 == 0 {
		if _, err := s.crowd.Look(s.Context()); err != nil {
			s.Fatal(err)
		}
	}
	if n%60 == 0 {
		if _, err := s.db.Purge(s.Context(), s.clock(), store.Retention{}); err != nil {
			s.Fatal(err)
		}
	}
}

// guest is somebody who logs in: opens the page after a second or two, thinks, leaves
// for the bank, and is back after a while.
type guest struct {
	from    login.Source
	browser secret.Text
	step    int
	at      int // second of the next step
	a       login.Attempt
	journey attempt.BrokerRequest
	waited  int
}

// live takes the guest's next step when it is due, and reports whether they are in.
func (s *street) live(g *guest, now int) bool {
	s.Helper()
	if g.step > 3 || now < g.at {
		return g.step > 3
	}
	ctx, after := s.Context(), []int{2, 20, 30, 0}[g.step]
	var err error
	if g.step > 0 {
		if g.a, err = s.ForBrowser(ctx, g.a.ID, g.browser); err != nil || g.a.State.Over() {
			s.Fatalf("second %d, step %d: an honest login is lost: %s %s %v", now, g.step, g.a.State, g.a.Reason, err)
		}
	}
	switch g.step {
	case 0:
		g.a, err = s.begin(ctx, g.from)
		if fault.HasReason(err, login.ReasonRateLimited) {
			g.at, g.waited = now+1, g.waited+1 // the app tries again
			return false
		}
	case 1:
		err = s.Shown(ctx, g.a, login.Event{})
	case 2:
		g.journey = s.NewBrokerRequest(g.a, g.browser)
		g.journey.Means, g.journey.Broker = bankID, brokerID
		_, err = s.StartBrokerRequest(ctx, g.journey, g.browser, login.Event{})
	case 3:
		_, err = s.Authenticate(ctx, g.journey, s.identity(), s.person, login.Event{})
	}
	if err != nil {
		s.Fatalf("second %d, step %d: %v", now, g.step, err)
	}
	g.step, g.at = g.step+1, now+after
	return false
}

func network(i int) netip.Addr { return netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}) }

// Twenty networks flood: some start logins that nobody opens, some open the page of each,
// some send each to a bank. Behind one of their addresses, that of a carrier, a hundred
// honest people log in, and a shop's server has five hundred logins. None of theirs is
// lost; every stranger gets in at the first try; and the database does not fill up.
func TestThreat37NobodyHonestIsLost(t *testing.T) {
	onBoth(t, func(w *world) {
		s := newStreet(w)
		if strings.HasSuffix(w.Name(), "postgres") {
			s.part = 5 // the same with a fifth of everybody
		}
		s.crowd = s.crowdOf(crowd.Limits{
			Altogether: openAltogether / s.part, PerNetwork: openPerNetwork / s.part, PerClient: openPerClient / s.part,
		})
		carrier, shop := s.crowd.Network(network(0)), s.crowd.Client("shop")
		var guests []*guest
		for i := range 100 / s.part {
			guests = append(guests, &guest{from: carrier, browser: secret.New(), at: 60 + i*s.part/2})
		}
		for i := range 500 / s.part {
			guests = append(guests, &guest{from: shop, browser: secret.New(), at: 60 + i*s.part/25})
		}
		strangers := 0
		for now := 1; now <= 200; now++ {
			s.second(now)
			for i := range 20 {
				s.attack(i, now)
			}
			for _, g := range guests {
				s.live(g, now)
			}
			if now%10 == 0 {
				strangers++
				from := s.crowd.Network(netip.MustParseAddr(fmt.Sprintf("2001:db8:%x::1", strangers)))
				if _, err := s.begin(t.Context(), from); err != nil {
					t.Fatalf("second %d: a stranger is told %v", now, err)
				}
			}
		}
		open, err := s.db.Attempts.RunningAttempts(t.Context())
		if err != nil || open > int64(openAltogether/s.part*11/10) {
			t.Errorf("%d logins are unfinished, %v", open, err)
		}
		waited := 0
		for i, g := range guests {
			if waited += g.waited; g.step != 4 {
				t.Errorf("guest %d has come to step %d", i, g.step)
			}
		}
		t.Logf("%d unfinished at the end, %d gave way; honest people were told %d times to try again a second later", open, s.gone, waited)
		if s.gone == 0 {
			t.Error("there was room for everybody")
		}
	})
}

// attack is what one of twenty networks does in a second: for the size of the street
// three times what the limits let through.
func (s *street) attack(i, now int) {
	s.Helper()
	ctx, from := s.Context(), s.crowd.Network(network(i))
	starts := 0
	switch {
	case now == 1:
		starts = 100 / s.part
	case now%s.part == i%s.part:
		starts = 1
	}
	for range starts {
		a, err := s.begin(ctx, from)
		if fault.HasReason(err, login.ReasonRateLimited) {
			return
		}
		if err != nil {
			s.Fatal(err)
		}
		browser := secret.New()
		if i%3 == 0 || i%3 == 2 && i > 10 {
			continue // the carrier's is one of these
		}
		if err = s.Shown(ctx, a, login.Event{}); err == nil && i%3 == 2 && now%10 == 0 {
			j := s.NewBrokerRequest(a, browser)
			j.Means, j.Broker = bankID, brokerID
			_, err = s.StartBrokerRequest(ctx, j, browser, login.Event{})
		}
		if err != nil && !errors.Is(err, fault.ErrMoved) {
			s.Fatal(err)
		}
	}
}

// Behind one address the attacker may open every page too: whoever has just begun, and
// whoever looks for their bank for less than a minute, keeps their login.
func TestThreat37AttackerBehindTheSameAddress(t *testing.T) {
	t.Parallel()
	s := newStreet(newWorld(t))
	s.crowd = s.crowdOf(crowd.Limits{Altogether: openAltogether, PerNetwork: 200, PerClient: openPerClient})
	here := s.crowd.Network(network(0))
	var guests []*guest
	for i := range 100 {
		guests = append(guests, &guest{from: here, browser: secret.New(), at: 240 + i})
	}
	for now := 1; now <= 420; now++ {
		s.second(now)
		for range 2 {
			if a, err := s.begin(t.Context(), here); err == nil {
				err = s.Shown(t.Context(), a, login.Event{})
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, g := range guests {
			s.live(g, now)
		}
	}
	for i, g := range guests {
		if g.step != 4 {
			t.Errorf("guest %d has come to step %d, after %d tries", i, g.step, g.waited)
		}
	}
}

// What nobody opens is over after two minutes; what somebody has opened lives on.
func TestThreat37UnopenedStartsAreShort(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	unopened, opened, link := w.start(keyOfApp), w.start(keyOfApp), w.startBy(login.MethodLink, keyOfApp)
	if err := w.Shown(t.Context(), opened.Attempt, login.Event{}); err != nil {
		t.Fatal(err)
	}
	w.pass(2 * time.Minute)
	if _, err := w.db.Purge(t.Context(), w.clock(), store.Retention{}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		a    login.Attempt
		want login.State
	}{
		"unopened": {unopened.Attempt, login.StateExpired}, "opened": {opened.Attempt, login.StateCreated}, "link": {link.Attempt, login.StateExpired},
	} {
		if a, err := w.db.Attempts.AttemptByID(t.Context(), c.a.ID); err != nil || a.State != c.want {
			t.Errorf("%s: %s, %v", name, a.State, err)
		}
	}
	if a, err := w.ByLink(t.Context(), link.Link); err != nil || a.Reason != login.ReasonLinkExpired {
		t.Errorf("the page of the link says %s, %v", a.Reason, err)
	}
}
