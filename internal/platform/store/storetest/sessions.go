package storetest

import (
	"reflect"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/store"
	"avain/internal/secret"
)

func sessions(t *testing.T, s *store.Store) {
	want := SignIn(t, s, func(s *login.Session) {
		s.Previous, s.PreviousUntil, s.Used = NewHash(), Noon().Add(time.Minute), true
		s.RevokedWhy, s.Resource = "not yet", "https://api.example/"
	})
	for how, get := range map[string]func() (login.Session, error){
		"id":       func() (login.Session, error) { return s.Sessions.SessionByID(t.Context(), want.ID) },
		"refresh":  func() (login.Session, error) { return s.Sessions.SessionByRefresh(t.Context(), want.Refresh) },
		"previous": func() (login.Session, error) { return s.Sessions.SessionByRefresh(t.Context(), want.Previous) },
		"person": func() (login.Session, error) {
			all, err := s.Sessions.SessionsOfPerson(t.Context(), want.Person)
			if err != nil || len(all) != 1 {
				return login.Session{}, err
			}
			return all[0], nil
		},
	} {
		if got, err := get(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("by %s: %v\n got %+v\nwant %+v", how, err, got, want)
		}
	}
	SignIn(t, s, func(s *login.Session) { s.Refresh = secret.Hash{} }) // has no refresh token
	_, err := s.Sessions.SessionByRefresh(t.Context(), secret.Hash{})
	wantErr(t, "no refresh token", err, fault.ErrNotFound)
	_, err = s.Sessions.SessionByID(t.Context(), login.NewID())
	wantErr(t, "unknown", err, fault.ErrNotFound)
	tooLong := SignIn(t, s, func(s *login.Session) { s.IdleUntil = s.EndsAt.Add(time.Hour) })
	if got := must[login.Session](t)(s.Sessions.SessionByID(t.Context(), tooLong.ID)); !got.IdleUntil.Equal(tooLong.EndsAt) {
		t.Errorf("idle until %v, after the end", got.IdleUntil)
	}
}

func useSession(t *testing.T, s *store.Store) {
	session := SignIn(t, s)
	idle := func(at time.Time) time.Time { return at.Add(91 * 24 * time.Hour) }
	use := func(what string, after, usedAt time.Duration, once ...login.ReplayKey) {
		t.Helper()
		at := Noon().Add(after)
		got, err := s.Sessions.UseSession(t.Context(), session.ID, at, idle(at), once...)
		if err != nil || !got.Used || !got.UsedAt.Equal(Noon().Add(usedAt)) || !got.IdleUntil.Equal(idle(Noon().Add(usedAt))) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
		if kept := must[login.Session](t)(s.Sessions.SessionByID(t.Context(), session.ID)); !reflect.DeepEqual(kept, got) {
			t.Errorf("%s: the answer is not the row", what)
		}
	}
	mark := Mark()
	use("first", 5*time.Second, 5*time.Second)
	use("within the minute", 64*time.Second, 5*time.Second)
	use("within the minute, marked", 64*time.Second, 5*time.Second, mark)
	use("a minute later", 65*time.Second, 65*time.Second)
	use("two minutes later, marked", 125*time.Second, 125*time.Second, Mark())

	_, err := s.Sessions.UseSession(t.Context(), session.ID, Noon(), idle(Noon()), mark)
	wantErr(t, "mark set before", err, fault.ErrReplayed)
	for _, marks := range [][]login.ReplayKey{nil, {Mark()}} {
		_, err = s.Sessions.UseSession(t.Context(), login.NewID(), Noon(), idle(Noon()), marks...)
		wantErr(t, "unknown", err, fault.ErrNotFound)
	}
	neverBack(t, s)
	deadStaysDead(t, s)
}

// neverBack: idle time is not shortened, and not extended beyond the end.
func neverBack(t *testing.T, s *store.Store) {
	session := SignIn(t, s)
	for name, c := range map[string]struct {
		at        time.Duration
		idleUntil time.Time
		want      time.Time
	}{
		"shorter":        {time.Minute, Noon().Add(time.Hour), session.IdleUntil},
		"beyond the end": {time.Hour, session.EndsAt.Add(time.Hour), session.EndsAt},
	} {
		other := SignIn(t, s)
		if got := must[login.Session](t)(s.Sessions.UseSession(t.Context(), other.ID, Noon().Add(c.at), c.idleUntil)); !got.IdleUntil.Equal(c.want) {
			t.Errorf("%s: idle until %v, want %v", name, got.IdleUntil, c.want)
		}
	}
}

// deadStaysDead: using an ended session shows it as it is and revives nothing, and
// still spends the mark.
func deadStaysDead(t *testing.T, s *store.Store) {
	for name, change := range map[string]func(*login.Session){
		"idle":    func(s *login.Session) { s.IdleUntil = Noon().Add(time.Second) },
		"ended":   func(s *login.Session) { s.EndsAt = Noon().Add(time.Second) },
		"revoked": func(s *login.Session) { s.RevokedAt, s.RevokedWhy = Noon(), "logout" },
	} {
		session := SignIn(t, s, change)
		at, mark := Noon().Add(time.Minute), Mark()
		for _, marks := range [][]login.ReplayKey{nil, {mark}} {
			got, err := s.Sessions.UseSession(t.Context(), session.ID, at, at.Add(time.Hour), marks...)
			if err != nil || got.Live(at) || got.Used {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
		wantErr(t, name+": mark", s.Limits.UseOnce(t.Context(), mark), fault.ErrReplayed)
		_, err := s.Sessions.RotateRefresh(t.Context(), session.ID, session.Refresh, NewHash(), at, at)
		wantErr(t, name+": rotate", err, fault.ErrMoved)
	}
}

func rotateRefresh(t *testing.T, s *store.Store) {
	session := SignIn(t, s)
	next, until, mark := NewHash(), Noon().Add(30*time.Second), Mark()
	got, err := s.Sessions.RotateRefresh(t.Context(), session.ID, session.Refresh, next, until, Noon(), mark)
	if err != nil || got.Refresh != next || got.Previous != session.Refresh || !got.PreviousUntil.Equal(until) || got.Generation != session.Generation+1 {
		t.Fatalf("%+v, %v", got, err)
	}
	for name, hash := range map[string]secret.Hash{"current": next, "previous": session.Refresh} {
		if found := must[login.Session](t)(s.Sessions.SessionByRefresh(t.Context(), hash)); !reflect.DeepEqual(found, got) {
			t.Errorf("by the %s token: %+v, want %+v", name, found, got)
		}
	}
	again, err := s.Sessions.RotateRefresh(t.Context(), session.ID, session.Refresh, NewHash(), until, Noon())
	wantErr(t, "old one again", err, fault.ErrMoved)
	if !reflect.DeepEqual(again, got) {
		t.Errorf("shown %+v, want %+v", again, got)
	}
	_, err = s.Sessions.RotateRefresh(t.Context(), session.ID, next, NewHash(), until, Noon(), mark)
	wantErr(t, "mark set before", err, fault.ErrReplayed)
	for _, hash := range []secret.Hash{{}, next} {
		_, err = s.Sessions.RotateRefresh(t.Context(), login.NewID(), hash, NewHash(), until, Noon())
		wantErr(t, "unknown", err, fault.ErrNotFound)
	}
	_, err = s.Sessions.RotateRefresh(t.Context(), session.ID, next, secret.Hash{}, until, Noon())
	wantErr(t, "to nothing", err, fault.ErrNotFound)
	if got, err = s.Sessions.RotateRefresh(t.Context(), session.ID, next, NewHash(), until, Noon()); err != nil || got.Generation != session.Generation+2 {
		t.Fatalf("%+v, %v", got, err)
	}
	_, err = s.Sessions.SessionByRefresh(t.Context(), session.Refresh)
	wantErr(t, "the token before the previous", err, fault.ErrNotFound)
}

func revokeSession(t *testing.T, s *store.Store) {
	_, p := Confirmed(t, s)
	var ids []string
	for i := range 3 {
		r := ConfirmedFor(t, s, p.ID)
		r.Session.CreatedAt = Noon().Add(time.Duration(i) * time.Second)
		if _, err := s.Attempts.RedeemCode(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, r.Session.ID)
	}
	bystander := SignIn(t, s)
	for i, why := range []string{"logout", "again"} {
		if err := s.Sessions.RevokeSession(t.Context(), ids[0], why, Noon().Add(time.Duration(i+1)*time.Second)); err != nil {
			t.Error(err)
		}
	}
	if got := must[login.Session](t)(s.Sessions.SessionByID(t.Context(), ids[0])); got.RevokedWhy != "logout" || !got.RevokedAt.Equal(Noon().Add(time.Second)) {
		t.Errorf("the first revocation must stay: %v, %v", got.RevokedAt, got.RevokedWhy)
	}
	wantErr(t, "unknown", s.Sessions.RevokeSession(t.Context(), login.NewID(), "logout", Noon()), fault.ErrNotFound)
	if all := must[[]login.Session](t)(s.Sessions.SessionsOfPerson(t.Context(), p.ID)); len(all) != 2 || all[0].ID != ids[2] || all[1].ID != ids[1] {
		t.Errorf("sessions of person: %+v, want the two newest, newest first", all)
	}
	for _, want := range []int64{2, 0} {
		if n, err := s.Sessions.RevokeSessionsOfPerson(t.Context(), p.ID, "stolen", Noon()); err != nil || n != want {
			t.Errorf("revoked %d, %v; want %d", n, err, want)
		}
	}
	if got := must[login.Session](t)(s.Sessions.SessionByID(t.Context(), bystander.ID)); !got.RevokedAt.IsZero() {
		t.Error("somebody else was logged out")
	}
}
