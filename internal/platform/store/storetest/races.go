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

// RedeemRace lets callers redeem one code at once, each wanting a session of its
// own, in rounds with a new code each: there must be one winner, one session, and
// everybody must be told the truth (threat 5).
func RedeemRace(t *testing.T, s *store.Store, callers, rounds int) {
	t.Helper()
	for round := range rounds {
		r, person := Confirmed(t, s)
		sessions := make([]login.Session, callers)
		for i := range sessions {
			sessions[i] = Session(person.ID)
		}
		told := make([]login.Attempt, callers)
		errs := together(t.Context(), callers, func(ctx context.Context, i int) (err error) {
			mine := r
			mine.Session = sessions[i]
			told[i], err = s.Attempts.RedeemCode(ctx, mine)
			return err
		})
		oneWinner(t, errs, fault.ErrMoved)
		row := must[login.Attempt](t)(s.Attempts.AttemptByID(t.Context(), r.Attempt))
		if made := must[[]login.Session](t)(s.Sessions.SessionsOfPerson(t.Context(), person.ID)); len(made) != 1 || made[0].ID != row.Session {
			t.Errorf("round %d: %d sessions, want the one of the attempt", round, len(made))
		}
		for i, err := range errs {
			if (err == nil) != (row.Session == sessions[i].ID) || !reflect.DeepEqual(told[i], row) {
				t.Errorf("round %d: caller %d was told %v and shown %+v; the row is %+v", round, i, err, told[i], row)
			}
		}
		if t.Failed() {
			return
		}
	}
}

func redeemConditions(t *testing.T, s *store.Store) {
	for name, c := range map[string]struct {
		change func(*login.Redemption)
		want   error
	}{
		"plain":             {func(*login.Redemption) {}, nil},
		"last millisecond":  {func(r *login.Redemption) { r.At = Noon().Add(time.Minute - time.Millisecond) }, nil},
		"code expired":      {func(r *login.Redemption) { r.At = Noon().Add(time.Minute) }, fault.ErrMoved},
		"another code":      {func(r *login.Redemption) { r.Code = NewHash() }, fault.ErrNotFound},
		"no code":           {func(r *login.Redemption) { r.Code = secret.Hash{} }, fault.ErrNotFound},
		"another attempt":   {func(r *login.Redemption) { r.Attempt = Start(t, s).ID }, fault.ErrNotFound},
		"no such attempt":   {func(r *login.Redemption) { r.Attempt = login.NewID() }, fault.ErrNotFound},
		"another person's":  {func(r *login.Redemption) { r.Session.Person = AddPerson(t, s).ID }, fault.ErrMoved},
		"another client's":  {func(r *login.Redemption) { r.Session.Client = "other" }, fault.ErrMoved},
		"a mark set before": {func(r *login.Redemption) { r.ReplayKeys[0] = usedMark(t, s) }, fault.ErrReplayed},
	} {
		r, _ := Confirmed(t, s)
		r.ReplayKeys = []login.ReplayKey{Mark()}
		c.change(&r)
		got, err := s.Attempts.RedeemCode(t.Context(), r)
		wantErr(t, name, err, c.want)
		_, missing := s.Sessions.SessionByID(t.Context(), r.Session.ID)
		if c.want != nil {
			wantErr(t, name+": session", missing, fault.ErrNotFound)
			continue
		}
		if missing != nil || got.State != login.StateRedeemed || got.Session != r.Session.ID || got.Timeline[len(got.Timeline)-1].Step != "redeem" {
			t.Errorf("%s: session %v, attempt %+v", name, missing, got)
		}
	}
	redeemStates(t, s)
}

func usedMark(t *testing.T, s *store.Store) login.ReplayKey {
	t.Helper()
	m := Mark()
	if err := s.Limits.UseOnce(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return m
}

// redeemStates: a code works in the three states that let one out, and in no other.
func redeemStates(t *testing.T, s *store.Store) {
	for _, state := range login.States() {
		r, _ := Confirmed(t, s)
		_, err := s.Attempts.MoveAttempt(t.Context(), login.Transition{Attempt: r.Attempt, From: login.States(), To: state, At: Noon(), Event: Event("to " + string(state))})
		if err != nil {
			t.Fatal(err)
		}
		want := fault.ErrMoved
		if state == login.StateConfirmed || state == login.StateApproved || state == login.StateVerified {
			want = nil
		}
		got, err := s.Attempts.RedeemCode(t.Context(), r)
		wantErr(t, string(state), err, want)
		if want != nil && got.State != state {
			t.Errorf("%s: shown %s", state, got.State)
		}
		_, err = s.Attempts.RedeemCode(t.Context(), r)
		wantErr(t, string(state)+", again", err, fault.ErrMoved)
	}
}

func onceRace(t *testing.T, s *store.Store) {
	for range 10 {
		m := Mark()
		oneWinner(t, together(t.Context(), 50, func(ctx context.Context, _ int) error { return s.Limits.UseOnce(ctx, m) }), fault.ErrReplayed)
	}
}

func rotateRace(t *testing.T, s *store.Store) {
	for range 5 {
		session := SignIn(t, s)
		next := make([]secret.Hash, 50)
		errs := together(t.Context(), len(next), func(ctx context.Context, i int) error {
			next[i] = NewHash()
			_, err := s.Sessions.RotateRefresh(ctx, session.ID, session.Refresh, next[i], Noon().Add(time.Minute), Noon())
			return err
		})
		oneWinner(t, errs, fault.ErrMoved)
		got := must[login.Session](t)(s.Sessions.SessionByRefresh(t.Context(), session.Refresh))
		for i, err := range errs {
			if (err == nil) != (got.Refresh == next[i]) {
				t.Errorf("caller %d was told %v, but its token is current: %v", i, err, got.Refresh == next[i])
			}
		}
	}
}

var errNotTaken = errors.New("not taken")

func callbackRace(t *testing.T, s *store.Store) {
	for range 5 {
		leg := begin(t, s)
		take := func(ctx context.Context, _ int) error {
			_, taken, err := s.Attempts.ClaimBrokerRequest(ctx, leg.State, Noon(), time.Minute)
			if err == nil && !taken {
				return errNotTaken
			}
			return err
		}
		oneWinner(t, together(t.Context(), 50, take), errNotTaken)

		// Two who both hold the answer: one of the moves ends the broker request.
		oneWinner(t, together(t.Context(), 20, func(ctx context.Context, _ int) error {
			_, err := s.Attempts.MoveAttempt(ctx, login.Transition{
				Attempt: leg.Attempt, From: []login.State{login.StateOpened}, To: login.StateOpened,
				At: Noon(), Event: Event("return"), EndRequest: leg.State,
			})
			return err
		}), fault.ErrMoved)
	}
}

// personRace: two first logins of one human make one person.
func personRace(t *testing.T, s *store.Store) {
	for range 5 {
		lookup := NewHash()
		oneWinner(t, together(t.Context(), 20, func(ctx context.Context, _ int) error {
			return s.People.AddPerson(ctx, Person(), lookup[:], nil)
		}), fault.ErrExists)
	}
}
