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

// QRPage is a new page of the session, as a click on "show" would make it.
func QRPage(session login.Session) login.QRPage {
	return login.QRPage{
		ID: login.NewID(), Session: session.ID, State: login.QRShown, Person: session.Person,
		Broker: session.Broker, Means: session.Means, ACR: session.ACR, AMR: session.AMR, AuthTime: session.AuthTime,
		Network: NewHash(), CreatedAt: Noon(), ShownUntil: Noon().Add(2 * time.Minute),
	}
}

// ShowQR writes a page of a new session.
func ShowQR(t testing.TB, s *store.Store) login.QRPage {
	t.Helper()
	r, p := Confirmed(t, s)
	r.Session = Session(p.ID)
	if _, err := s.Attempts.RedeemCode(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	page := QRPage(r.Session)
	if _, err := s.Attempts.ShowQRPage(t.Context(), page, 10, Noon().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	return page
}

// Claim is the claim of a phone that has scanned the page.
func Claim(page login.QRPage) login.QRClaim {
	a := Attempt()
	a.Method, a.State, a.Person, a.AuthTime = login.MethodQR, login.StateClaimed, page.Person, page.AuthTime
	return login.QRClaim{
		Page: page.ID, At: Noon().Add(time.Second), Elsewhere: true, Attempt: a,
		Secrets: login.AttemptSecrets{AuthSession: NewHash()}, Once: []login.ReplayKey{Mark()},
	}
}

func qrPages(t *testing.T, s *store.Store) {
	first := ShowQR(t, s)
	if got := must[login.QRPage](t)(s.Attempts.QRPageByID(t.Context(), first.ID)); !reflect.DeepEqual(got, first) {
		t.Errorf("read back:\n got %+v\nwant %+v", got, first)
	}
	second := first
	second.ID, second.CreatedAt = login.NewID(), Noon().Add(time.Minute)
	if _, err := s.Attempts.ShowQRPage(t.Context(), second, 10, Noon().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := must[login.QRPage](t)(s.Attempts.QRPageByID(t.Context(), first.ID)); got.State != login.QRReplaced {
		t.Errorf("the page before is %s", got.State)
	}
	third := second
	third.ID = login.NewID()
	oldest, err := s.Attempts.ShowQRPage(t.Context(), third, 2, Noon().Add(-time.Hour))
	wantErr(t, "one page too many", err, fault.ErrExists)
	if !oldest.Equal(first.CreatedAt) {
		t.Errorf("oldest %s, want %s", oldest, first.CreatedAt)
	}
	if got := must[login.QRPage](t)(s.Attempts.QRPageByID(t.Context(), second.ID)); got.State != login.QRShown {
		t.Errorf("a refused page has taken the place of another: %s", got.State)
	}
	if _, err := s.Attempts.ShowQRPage(t.Context(), third, 2, Noon()); err != nil {
		t.Errorf("the first page is old by now: %v", err)
	}
	for _, unknown := range []string{login.NewID(), "", second.ID + "\x00"} {
		_, err := s.Attempts.QRPageByID(t.Context(), unknown)
		wantErr(t, "unknown page", err, fault.ErrNotFound)
	}
}

func qrTyped(t *testing.T, s *store.Store) {
	page, code, until := ShowQR(t, s), NewHash(), Noon().Add(time.Minute)
	got := must[login.QRPage](t)(s.Attempts.TypeQRPage(t.Context(), page.ID, code, until, Noon()))
	if !got.TypedUntil.Equal(until) || !got.ShownUntil.Equal(until) {
		t.Errorf("typed until %s, shown until %s", got.TypedUntil, got.ShownUntil)
	}
	if found := must[login.QRPage](t)(s.Attempts.QRPageByTyped(t.Context(), code)); found.ID != page.ID {
		t.Errorf("found %s", found.ID)
	}
	for name, h := range map[string]secret.Hash{"another code": NewHash(), "no code": {}} {
		_, err := s.Attempts.QRPageByTyped(t.Context(), h)
		wantErr(t, name, err, fault.ErrNotFound)
	}
	_, err := s.Attempts.TypeQRPage(t.Context(), page.ID, NewHash(), until, until)
	wantErr(t, "too late", err, fault.ErrMoved)
	for name, change := range map[string]func(*login.QRClaim){
		"another code":     func(c *login.QRClaim) { c.Typed = NewHash() },
		"code has expired": func(c *login.QRClaim) { c.At = until },
	} {
		claim := Claim(page)
		claim.Typed = code
		change(&claim)
		_, err := s.Attempts.ClaimQRPage(t.Context(), claim)
		wantErr(t, name, err, fault.ErrMoved)
	}
	claim := Claim(page)
	claim.Typed = code
	if _, err := s.Attempts.ClaimQRPage(t.Context(), claim); err != nil {
		t.Fatal(err)
	}
	_, err = s.Attempts.TypeQRPage(t.Context(), page.ID, NewHash(), until, Noon())
	wantErr(t, "of a claimed page", err, fault.ErrMoved)
}

func qrClaims(t *testing.T, s *store.Store) {
	for name, c := range map[string]struct {
		change func(*login.QRClaim)
		want   error
	}{
		"plain":            {func(*login.QRClaim) {}, nil},
		"last millisecond": {func(c *login.QRClaim) { c.At = Noon().Add(2*time.Minute - time.Millisecond) }, nil},
		"too late":         {func(c *login.QRClaim) { c.At = Noon().Add(2 * time.Minute) }, fault.ErrMoved},
		"a typed code":     {func(c *login.QRClaim) { c.Typed = NewHash() }, fault.ErrMoved},
		"no such page":     {func(c *login.QRClaim) { c.Page = login.NewID() }, fault.ErrNotFound},
		"junk":             {func(c *login.QRClaim) { c.Page += "\x00" }, fault.ErrNotFound},
		"a taken name":     {func(c *login.QRClaim) { c.Attempt.SupportCode = Start(t, s).SupportCode }, fault.ErrExists},
		"a mark set":       {func(c *login.QRClaim) { c.Once[0] = usedMark(t, s) }, fault.ErrReplayed},
	} {
		page := ShowQR(t, s)
		claim := Claim(page)
		c.change(&claim)
		_, err := s.Attempts.ClaimQRPage(t.Context(), claim)
		wantErr(t, name, err, c.want)
		after := must[login.QRPage](t)(s.Attempts.QRPageByID(t.Context(), page.ID))
		_, missing := s.Attempts.AttemptByAuthSession(t.Context(), claim.Secrets.AuthSession)
		if c.want != nil {
			wantErr(t, name+": attempt", missing, fault.ErrNotFound)
			if !reflect.DeepEqual(after, page) {
				t.Errorf("%s: a refused claim changed the page: %+v", name, after)
			}
			continue
		}
		page.State, page.Attempt, page.Elsewhere = login.QRClaimed, claim.Attempt.ID, true
		if missing != nil || !reflect.DeepEqual(after, page) {
			t.Errorf("%s: attempt %v, page %+v", name, missing, after)
		}
		again, err := s.Attempts.ClaimQRPage(t.Context(), Claim(page))
		wantErr(t, name+": again", err, fault.ErrMoved)
		if !reflect.DeepEqual(again, page) {
			t.Errorf("%s: the second is shown %+v", name, again)
		}
	}
}

// qrClaimRace: many phones scan one code at once; one has it (threats 3, 5).
func qrClaimRace(t *testing.T, s *store.Store) {
	for range 5 {
		page := ShowQR(t, s)
		claims := make([]login.QRClaim, 30)
		told := make([]login.QRPage, len(claims))
		errs := together(t.Context(), len(claims), func(ctx context.Context, i int) (err error) {
			for range 4 { // a support code may come twice
				claims[i] = Claim(page)
				if told[i], err = s.Attempts.ClaimQRPage(ctx, claims[i]); !errors.Is(err, fault.ErrExists) {
					return err
				}
			}
			return err
		})
		oneWinner(t, errs, fault.ErrMoved)
		after := must[login.QRPage](t)(s.Attempts.QRPageByID(t.Context(), page.ID))
		for i, err := range errs {
			_, missing := s.Attempts.AttemptByID(t.Context(), claims[i].Attempt.ID)
			if won := err == nil; won != (missing == nil) || won != (after.Attempt == claims[i].Attempt.ID) || told[i].Attempt != after.Attempt {
				t.Errorf("claim %d: %v, its attempt: %v, the page's is %s", i, err, missing, after.Attempt)
			}
		}
	}
}

// qrPurge: a page outlives its showing by an hour, and goes with its session.
func qrPurge(t *testing.T, s *store.Store) {
	page := ShowQR(t, s)
	for _, step := range []struct {
		after time.Duration
		want  error
	}{{59 * time.Minute, nil}, {time.Hour, fault.ErrNotFound}} {
		if _, err := s.Purge(t.Context(), Noon().Add(step.after), store.Retention{}); err != nil {
			t.Fatal(err)
		}
		_, err := s.Attempts.QRPageByID(t.Context(), page.ID)
		wantErr(t, "after "+step.after.String(), err, step.want)
	}
	claimed := Start(t, s, func(a *login.Attempt) {
		a.Method, a.State, a.ExpiresAt = login.MethodQR, login.StateClaimed, Noon().Add(time.Minute)
	})
	if _, err := s.Purge(t.Context(), Noon().Add(time.Minute), store.Retention{}); err != nil {
		t.Fatal(err)
	}
	if a := must[login.Attempt](t)(s.Attempts.AttemptByID(t.Context(), claimed.ID)); a.State != login.StateExpired || a.Reason != login.ReasonApprovalLate {
		t.Errorf("%s, %s", a.State, a.Reason)
	}
}
