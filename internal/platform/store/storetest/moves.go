package storetest

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/store"
	"avain/internal/secret"
)

// opening is the move that opens a created attempt.
func opening(id string) login.Transition {
	return login.Transition{
		Attempt: id, From: []login.State{login.StateCreated}, To: login.StateOpened, At: Noon().Add(time.Second), Event: Event("open"),
	}
}

func moveConditions(t *testing.T, s *store.Store) {
	mine, foreign := NewHash(), NewHash()
	end := Noon().Add(10 * time.Minute)
	for name, c := range map[string]struct {
		owner  secret.Hash
		change func(*login.Transition)
		want   error
	}{
		"plain":                       {change: func(*login.Transition) {}},
		"one of several states":       {change: func(m *login.Transition) { m.From = []login.State{login.StateOpened, login.StateCreated} }},
		"another state":               {change: func(m *login.Transition) { m.From = []login.State{login.StateOpened} }, want: fault.ErrMoved},
		"no state":                    {change: func(m *login.Transition) { m.From = nil }, want: fault.ErrMoved},
		"half a state's name":         {change: func(m *login.Transition) { m.From = []login.State{"creat", "eated"} }, want: fault.ErrMoved},
		"a pattern":                   {change: func(m *login.Transition) { m.From = []login.State{"%"} }, want: fault.ErrMoved},
		"last millisecond":            {change: func(m *login.Transition) { m.At = end.Add(-time.Millisecond) }},
		"too late":                    {change: func(m *login.Transition) { m.At = end }, want: fault.ErrMoved},
		"too late, but to end it":     {change: func(m *login.Transition) { m.At, m.Late, m.To = end.Add(time.Hour), true, login.StateExpired }},
		"first browser":               {change: func(m *login.Transition) { m.IfBrowser, m.SetBrowser = mine, mine }},
		"its browser":                 {owner: mine, change: func(m *login.Transition) { m.IfBrowser = mine }},
		"another browser":             {owner: mine, change: func(m *login.Transition) { m.IfBrowser = foreign }, want: fault.ErrMoved},
		"another browser takes it":    {owner: mine, change: func(m *login.Transition) { m.SetBrowser = foreign }, want: fault.ErrMoved},
		"whichever browser":           {owner: mine, change: func(*login.Transition) {}},
		"a leg that is not there":     {change: func(m *login.Transition) { m.EndRequest = NewHash() }, want: fault.ErrMoved},
		"no such attempt":             {change: func(m *login.Transition) { m.Attempt = login.NewID() }, want: fault.ErrNotFound},
		"an attempt's name with junk": {change: func(m *login.Transition) { m.Attempt += "\x00" }, want: fault.ErrNotFound},
	} {
		a := Start(t, s, func(a *login.Attempt) { a.Browser = c.owner })
		m := opening(a.ID)
		mark := Mark()
		m.ReplayKeys = []login.ReplayKey{mark}
		c.change(&m)
		got, err := s.Attempts.MoveAttempt(t.Context(), m)
		wantErr(t, name, err, c.want)
		after := must[login.Attempt](t)(s.Attempts.AttemptByID(t.Context(), a.ID))
		switch {
		case errors.Is(c.want, fault.ErrNotFound):
			continue
		case c.want == nil:
			wantErr(t, name+": mark", s.Limits.UseOnce(t.Context(), mark), fault.ErrReplayed)
		default:
			a.Browser = c.owner
			if !reflect.DeepEqual(after, a) {
				t.Errorf("%s: a refused move changed the row:\n got %+v\nwant %+v", name, after, a)
			}
			wantErr(t, name+": mark", s.Limits.UseOnce(t.Context(), mark), nil)
		}
		if !reflect.DeepEqual(got, after) {
			t.Errorf("%s: the answer is not the row:\n got %+v\nwant %+v", name, got, after)
		}
	}
}

func moveEffects(t *testing.T, s *store.Store) {
	want := Start(t, s)
	m := opening(want.ID)
	m.SetBrowser, m.SetReason = NewHash(), login.ReasonBrokerSlow
	m.SetCode, m.SetCodeEnds = NewHash(), Noon().Add(time.Minute)
	m.SetIdentity = &login.AuthResult{Person: "p", Broker: "b", Means: "m", ACR: "loa2", AMR: []string{"bank"}, AuthTime: Noon()}
	want.State, want.UpdatedAt, want.Browser, want.Reason, want.CodeExpiresAt = m.To, m.At, m.SetBrowser, m.SetReason, m.SetCodeEnds
	want.Person, want.Broker, want.Means, want.ACR, want.AMR, want.AuthTime = "p", "b", "m", "loa2", []string{"bank"}, Noon()
	want.Timeline, want.Stage = append(want.Timeline, m.Event), login.StageShown
	if got, err := s.Attempts.MoveAttempt(t.Context(), m); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%v\n got %+v\nwant %+v", err, got, want)
	}
	if got, err := s.Attempts.AttemptByCode(t.Context(), m.SetCode); err != nil || got.ID != want.ID {
		t.Errorf("by code: %v, %v", got.ID, err)
	}
	// Zero fields leave what is there.
	next := login.Transition{Attempt: want.ID, From: []login.State{login.StateOpened}, To: login.StateAuthenticated, At: m.At, Event: Event("x")}
	want.State, want.Timeline = next.To, append(want.Timeline, next.Event)
	if got, err := s.Attempts.MoveAttempt(t.Context(), next); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, want)
	}
	next.From, next.ReplayKeys = []login.State{next.To}, []login.ReplayKey{Mark(), Mark()}
	if err := s.Limits.UseOnce(t.Context(), next.ReplayKeys[1]); err != nil {
		t.Fatal(err)
	}
	_, err := s.Attempts.MoveAttempt(t.Context(), next)
	wantErr(t, "second mark set before", err, fault.ErrReplayed)
	wantErr(t, "first mark", s.Limits.UseOnce(t.Context(), next.ReplayKeys[0]), nil)
}

// moveRace: many browsers open one attempt at once; one owns it (threats 15, 24).
func moveRace(t *testing.T, s *store.Store) {
	for range 5 {
		a := Start(t, s)
		browsers := make([]secret.Hash, 50)
		errs := together(t.Context(), len(browsers), func(ctx context.Context, i int) error {
			browsers[i] = NewHash()
			m := opening(a.ID)
			m.IfBrowser, m.SetBrowser = browsers[i], browsers[i]
			_, err := s.Attempts.MoveAttempt(ctx, m)
			return err
		})
		oneWinner(t, errs, fault.ErrMoved)
		got := must[login.Attempt](t)(s.Attempts.AttemptByID(t.Context(), a.ID))
		for i, err := range errs {
			if (err == nil) != (got.Browser == browsers[i]) {
				t.Errorf("browser %d was told %v, but owner is %v", i, err, got.Browser == browsers[i])
			}
		}
		if len(got.Timeline) != 2 {
			t.Errorf("%d lines in the timeline, want 2: losers must leave none", len(got.Timeline))
		}
	}
}
