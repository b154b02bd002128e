package storetest

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/store"
	"avain/internal/secret"

	"pgregory.net/rapid"
)

// model is what an attempt and its surroundings must be like, moved by the rules as
// the comments of the store tell them.
type model struct {
	row   login.Attempt
	legs  map[secret.Hash]bool // true: done
	marks map[secret.Hash]bool
}

// apply is MoveAttempt in plain Go.
func (m *model) apply(mv login.Transition) error {
	for _, o := range mv.ReplayKeys {
		if m.marks[o.Hash] {
			return fault.ErrReplayed
		}
	}
	done, known := m.legs[mv.EndRequest]
	foreign := func(h secret.Hash) bool { return !h.Zero() && !m.row.Browser.Zero() && m.row.Browser != h }
	if !slices.Contains(mv.From, m.row.State) || !(mv.Late || m.row.ExpiresAt.After(mv.At)) ||
		foreign(mv.IfBrowser) || foreign(mv.SetBrowser) || (!mv.EndRequest.Zero() && (!known || done)) {
		return fault.ErrMoved
	}
	for _, o := range mv.ReplayKeys {
		m.marks[o.Hash] = true
	}
	if !mv.EndRequest.Zero() {
		m.legs[mv.EndRequest] = true
	}
	if mv.BrokerRequest != nil {
		m.legs[mv.BrokerRequest.State] = false
	}
	r := &m.row
	r.State, r.UpdatedAt, r.Timeline = mv.To, mv.At, append(slices.Clone(r.Timeline), mv.Event)
	switch {
	case mv.BrokerRequest != nil:
		r.Stage = login.StageLeft
	case mv.To == login.StateOpened:
		r.Stage = max(r.Stage, login.StageShown)
	}
	if mv.SetReason != "" {
		r.Reason = mv.SetReason
	}
	if !mv.SetBrowser.Zero() {
		r.Browser = mv.SetBrowser
	}
	if !mv.SetCodeEnds.IsZero() {
		r.CodeExpiresAt = mv.SetCodeEnds
	}
	if p := mv.SetIdentity; p != nil {
		r.Person, r.Broker, r.Means, r.ACR, r.AMR, r.AuthTime = p.Person, p.Broker, p.Means, p.ACR, p.AMR, p.AuthTime
	}
	return nil
}

// movesFollowTheModel throws random moves at an attempt, the sensible and the
// senseless, and compares each answer and the row after it with the model.
func movesFollowTheModel(t *testing.T, s *store.Store) {
	browsers := []secret.Hash{{}, NewHash(), NewHash()}
	rapid.Check(t, func(rt *rapid.T) {
		m := model{row: Start(t, s), legs: map[secret.Hash]bool{}, marks: map[secret.Hash]bool{}}
		legs := []secret.Hash{{}, NewHash()} // what moves may try to finish; the second never began
		marks := []login.ReplayKey{Mark(), Mark()}
		for range rapid.IntRange(1, 12).Draw(rt, "moves") {
			mv := drawMove(rt, m.row.ID, browsers, legs, marks)
			if mv.BrokerRequest != nil {
				legs = append(legs, mv.BrokerRequest.State)
			}
			want := m.apply(mv)
			got, err := s.Attempts.MoveAttempt(rt.Context(), mv)
			if !errors.Is(err, want) {
				rt.Fatalf("move %+v of %+v: got %v, want %v", mv, m.row, err, want)
			}
			if (want == nil || errors.Is(want, fault.ErrMoved)) && !reflect.DeepEqual(got, m.row) {
				rt.Fatalf("move %+v:\n got %+v\nwant %+v", mv, got, m.row)
			}
		}
		for state, done := range m.legs {
			if leg, err := s.Attempts.BrokerRequestByState(rt.Context(), state); err != nil || leg.Done != done || leg.Attempt != m.row.ID {
				rt.Fatalf("leg: %+v, %v; want done %v", leg, err, done)
			}
		}
	})
}

func drawMove(rt *rapid.T, id string, browsers, legs []secret.Hash, marks []login.ReplayKey) login.Transition {
	state := rapid.SampledFrom(login.States())
	browser := rapid.SampledFrom(browsers)
	mv := login.Transition{
		Attempt: id, From: rapid.SliceOfN(state, 1, 8).Draw(rt, "from"), To: state.Draw(rt, "to"),
		At:    Noon().Add(time.Duration(rapid.IntRange(590, 602).Draw(rt, "second")) * time.Second), // the end is at 600
		Event: Event("step"), Late: rapid.Bool().Draw(rt, "late"),
		IfBrowser: browser.Draw(rt, "if browser"), SetBrowser: browser.Draw(rt, "set browser"),
		SetReason:  rapid.SampledFrom([]login.Reason{"", login.ReasonBrokerSlow}).Draw(rt, "reason"),
		EndRequest: rapid.SampledFrom(legs).Draw(rt, "finish leg"),
	}
	if rapid.Bool().Draw(rt, "identity") {
		mv.SetIdentity = &login.AuthResult{Person: rapid.StringMatching(`[a-z]{1,4}`).Draw(rt, "person"), AMR: []string{"bank"}, AuthTime: Noon()}
	}
	if rapid.Bool().Draw(rt, "code") {
		mv.SetCode, mv.SetCodeEnds = NewHash(), Noon().Add(time.Minute)
	}
	if rapid.Bool().Draw(rt, "leg") {
		mv.BrokerRequest = &login.BrokerRequest{State: NewHash(), Attempt: id, Broker: "b", Means: "m", StartedAt: mv.At, ExpiresAt: mv.At.Add(time.Minute)}
	}
	if rapid.IntRange(0, 3).Draw(rt, "marked") == 0 {
		mv.ReplayKeys = []login.ReplayKey{rapid.SampledFrom(marks).Draw(rt, "mark")}
	}
	return mv
}

func once(t *testing.T, s *store.Store) {
	a, b, c := Mark(), Mark(), Mark()
	for _, step := range []struct {
		name  string
		marks []login.ReplayKey
		want  error
	}{
		{"none", nil, nil},
		{"two new", []login.ReplayKey{a, b}, nil},
		{"again", []login.ReplayKey{a}, fault.ErrReplayed},
		{"one new, one old", []login.ReplayKey{c, b}, fault.ErrReplayed},
		{"the new one, which stayed free", []login.ReplayKey{c}, nil},
		{"twice in one call", []login.ReplayKey{Mark(), a}, fault.ErrReplayed},
	} {
		wantErr(t, step.name, s.Limits.UseOnce(t.Context(), step.marks...), step.want)
	}
	same := Mark()
	wantErr(t, "the same mark twice", s.Limits.UseOnce(t.Context(), same, same), fault.ErrReplayed)
}
