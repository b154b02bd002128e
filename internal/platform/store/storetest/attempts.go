package storetest

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/store"
	"avain/internal/secret"
)

func attempts(t *testing.T, s *store.Store) {
	age := 0
	want := Attempt()
	want.Reason, want.Person, want.Broker, want.Means, want.ACR = "no_benefits", "p", "b", "m", "loa2"
	want.AMR, want.AuthTime, want.Place, want.Session = []string{"bank", "pin"}, Noon().Add(time.Millisecond), "Oulu", "s"
	want.Browser, want.CodeExpiresAt = NewHash(), Noon().Add(time.Minute)
	want.Request.ACRValues, want.Request.MaxAge = []string{"loa2"}, &age
	secrets := login.AttemptSecrets{RequestURI: NewHash(), AuthSession: NewHash(), Link: NewHash()}
	if err := s.Attempts.StartAttempt(t.Context(), want, secrets); err != nil {
		t.Fatal(err)
	}
	for handle, find := range map[string]func(context.Context) (login.Attempt, error){
		"id": func(ctx context.Context) (login.Attempt, error) { return s.Attempts.AttemptByID(ctx, want.ID) },
		"support code": func(ctx context.Context) (login.Attempt, error) {
			return s.Attempts.AttemptBySupportCode(ctx, want.SupportCode)
		},
		"request_uri": func(ctx context.Context) (login.Attempt, error) {
			return s.Attempts.AttemptByRequestURI(ctx, secrets.RequestURI)
		},
		"auth_session": func(ctx context.Context) (login.Attempt, error) {
			return s.Attempts.AttemptByAuthSession(ctx, secrets.AuthSession)
		},
		"link": func(ctx context.Context) (login.Attempt, error) { return s.Attempts.AttemptByLink(ctx, secrets.Link) },
	} {
		if got, err := find(t.Context()); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("by %s: %v\n got %+v\nwant %+v", handle, err, got, want)
		}
	}
	noHandles(t, s)
}

// noHandles: an attempt without a handle is not found by the zero handle.
func noHandles(t *testing.T, s *store.Store) {
	if err := s.Attempts.StartAttempt(t.Context(), Attempt(), login.AttemptSecrets{}); err != nil {
		t.Fatal(err)
	}
	for handle, find := range map[string]func(context.Context, secret.Hash) (login.Attempt, error){
		"request_uri": s.Attempts.AttemptByRequestURI, "auth_session": s.Attempts.AttemptByAuthSession, "link": s.Attempts.AttemptByLink, "code": s.Attempts.AttemptByCode,
	} {
		_, err := find(t.Context(), secret.Hash{})
		wantErr(t, "zero "+handle, err, fault.ErrNotFound)
	}
	_, err := s.Attempts.AttemptByID(t.Context(), login.NewID())
	wantErr(t, "unknown id", err, fault.ErrNotFound)
	_, err = s.Attempts.AttemptBySupportCode(t.Context(), "")
	wantErr(t, "no support code", err, fault.ErrNotFound)
}

func attemptCollisions(t *testing.T, s *store.Store) {
	first := Start(t, s)
	mark := Mark()
	second := Attempt()
	second.SupportCode = first.SupportCode
	wantErr(t, "same support code", s.Attempts.StartAttempt(t.Context(), second, Secrets(), mark), fault.ErrExists)
	second.SupportCode = login.NewSupportCode()
	if err := s.Attempts.StartAttempt(t.Context(), second, Secrets(), mark); err != nil {
		t.Errorf("the mark of a start that failed must stay free: %v", err)
	}
	third := Attempt()
	wantErr(t, "mark set before", s.Attempts.StartAttempt(t.Context(), third, Secrets(), Mark(), mark), fault.ErrReplayed)
	_, err := s.Attempts.AttemptByID(t.Context(), third.ID)
	wantErr(t, "attempt of a replayed start", err, fault.ErrNotFound)
}

func timeline(t *testing.T, s *store.Store) {
	wantErr(t, "unknown attempt", s.Attempts.NoteAttempt(t.Context(), login.NewID(), login.Note{Event: Event("note")}), fault.ErrNotFound)

	a := Start(t, s)
	const notes = 60
	for _, err := range together(t.Context(), notes, func(ctx context.Context, i int) error {
		return s.Attempts.NoteAttempt(ctx, a.ID, login.Note{Event: login.Event{At: Noon(), Step: fmt.Sprint("note ", i), Outcome: login.OutcomeRefused, Detail: "line\nbreak \x00 \xff"}})
	}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for _, e := range must[login.Attempt](t)(s.Attempts.AttemptByID(t.Context(), a.ID)).Timeline {
		seen[e.Step] = true
	}
	if len(seen) != notes+1 {
		t.Errorf("%d different lines, want %d: concurrent notes were lost", len(seen), notes+1)
	}

	// Of many who repeat the same line at once one takes its place, and the others find
	// the bound.
	again := Start(t, s, func(a *login.Attempt) { a.Timeline = []login.Event{Event("note")} })
	line, instead := again.Fold(login.Event{At: Noon().Add(time.Second), Step: "note", Outcome: login.OutcomeOK, Browser: again.Timeline[0].Browser})
	for _, err := range together(t.Context(), 400, func(ctx context.Context, _ int) error {
		return s.Attempts.NoteAttempt(ctx, again.ID, login.Note{Event: line, Instead: instead})
	}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := len(must[login.Attempt](t)(s.Attempts.AttemptByID(t.Context(), again.ID)).Timeline); n < 2 || n > 150 {
		t.Errorf("400 repetitions at once are %d lines", n)
	}

	// Who came in goes in although all that may be noted is full of refusals.
	refused := Start(t, s)
	for n := range 400 {
		e := login.Event{At: Noon(), Step: login.StepReturn, Outcome: login.OutcomeRefused, Reason: login.ReasonOtherBrowser, Browser: fmt.Sprint("Opera ", n)}
		if err := s.Attempts.NoteAttempt(t.Context(), refused.ID, login.Note{Event: e}); err != nil {
			t.Fatal(err)
		}
	}
	in := must[login.Attempt](t)(s.Attempts.MoveAttempt(t.Context(), login.Transition{
		Attempt: refused.ID, From: []login.State{login.StateCreated}, To: login.StateAuthenticated, At: Noon(), Event: Event(login.StepIdentify),
	}))
	if n := len(in.Timeline); n > 400 || in.Timeline[n-1].Step != login.StepIdentify {
		t.Errorf("%d lines, the last is %q; want who came in", n, in.Timeline[n-1].Step)
	}

	// Whoever floods a timeline fills neither the disk nor the place of its end.
	huge := login.Event{At: Noon(), Step: "note", Outcome: login.OutcomeRefused, Detail: strings.Repeat("ä", 100_000)}
	for range 100 {
		if err := s.Attempts.NoteAttempt(t.Context(), a.ID, login.Note{Event: huge}); err != nil {
			t.Fatal(err)
		}
	}
	moved := must[login.Attempt](t)(s.Attempts.MoveAttempt(t.Context(), login.Transition{
		Attempt: a.ID, From: []login.State{login.StateCreated}, To: login.StateDenied, At: Noon(), Event: Event("the end"),
	}))
	if n := len(moved.Timeline); n > 150 || moved.Timeline[n-1].Step != "the end" {
		t.Errorf("%d lines, the last is %q; want at most 150, and the end", n, moved.Timeline[n-1].Step)
	}
}
