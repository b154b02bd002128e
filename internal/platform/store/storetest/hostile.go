package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/store"
	"avain/internal/secret"
)

// hashesInFull: a hash with any bit flipped, or its tail zeroed, finds nothing
// (threat 28; a truncated token was accepted in ZITADEL CVE-2026-27840).
func hashesInFull(t *testing.T, s *store.Store) {
	r, _ := Confirmed(t, s)
	secrets := login.AttemptSecrets{RequestURI: NewHash(), AuthSession: NewHash(), Link: NewHash()}
	if err := s.Attempts.StartAttempt(t.Context(), Attempt(), secrets); err != nil {
		t.Fatal(err)
	}
	session, leg, lookup := SignIn(t, s), begin(t, s), NewHash()
	if err := s.People.AddPerson(t.Context(), Person(), lookup[:], nil); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for name, c := range map[string]struct {
		hash secret.Hash
		find func(secret.Hash) error
	}{
		"request_uri":  {secrets.RequestURI, func(h secret.Hash) error { _, err := s.Attempts.AttemptByRequestURI(ctx, h); return err }},
		"auth_session": {secrets.AuthSession, func(h secret.Hash) error { _, err := s.Attempts.AttemptByAuthSession(ctx, h); return err }},
		"link":         {secrets.Link, func(h secret.Hash) error { _, err := s.Attempts.AttemptByLink(ctx, h); return err }},
		"code":         {r.Code, func(h secret.Hash) error { _, err := s.Attempts.AttemptByCode(ctx, h); return err }},
		"refresh":      {session.Refresh, func(h secret.Hash) error { _, err := s.Sessions.SessionByRefresh(ctx, h); return err }},
		"leg":          {leg.State, func(h secret.Hash) error { _, err := s.Attempts.BrokerRequestByState(ctx, h); return err }},
		"lookup":       {lookup, func(h secret.Hash) error { _, _, err := s.People.PersonByLookup(ctx, [][]byte{h[:]}); return err }},
	} {
		wantErr(t, name+", whole", c.find(c.hash), nil)
		for bit := range 256 {
			flipped := c.hash
			flipped[bit/8] ^= 1 << (bit % 8)
			wantErr(t, fmt.Sprintf("%s, bit %d flipped", name, bit), c.find(flipped), fault.ErrNotFound)
		}
		for keep := range 32 {
			var short secret.Hash
			copy(short[:], c.hash[:keep])
			if short != c.hash {
				wantErr(t, fmt.Sprintf("%s, %d bytes", name, keep), c.find(short), fault.ErrNotFound)
			}
		}
	}
	for n := range lookup {
		_, _, err := s.People.PersonByLookup(ctx, [][]byte{lookup[:n]})
		wantErr(t, "short lookup", err, fault.ErrNotFound)
	}
	wrongCode := r
	wrongCode.Code[31] ^= 1
	_, err := s.Attempts.RedeemCode(ctx, wrongCode)
	wantErr(t, "redeem with the last bit flipped", err, fault.ErrNotFound)
}

// textsAreOnlyText: whatever comes in as text is stored and compared as text
// (threat 35), on both databases alike, and is never a server error.
func textsAreOnlyText(t *testing.T, s *store.Store) {
	for _, evil := range []string{
		"'; DROP TABLE attempts; --", `" OR 1=1 --`, "' || (SELECT code FROM attempts) || '", "$1", "?1", ":a", "%", "_", `\`, `\x00`, "E'\\x'",
		"{{.}}", "\u202e\U0001F600", strings.Repeat("x", 100_000), "null", "0", "{", "\n{\"step\":\"forged\"}\n", "\ufffd",
	} {
		p := AddPerson(t, s)
		wantErr(t, "name", s.People.NamePerson(t.Context(), p.ID, evil, evil, evil, Noon()), nil)
		if got := must[login.Person](t)(s.People.PersonByID(t.Context(), p.ID)); got.GivenName != evil || got.Name != evil {
			t.Errorf("%.40q came back as %.40q", evil, got.Name)
		}
		want := Start(t, s, func(a *login.Attempt) {
			a.Client, a.Key, a.Place, a.Means = evil, evil, login.Place(evil), evil
			a.Device = login.Device{Name: evil, Model: evil}
			a.Request.State, a.Request.Scopes = evil, []string{evil}
		})
		if got := must[login.Attempt](t)(s.Attempts.AttemptByID(t.Context(), want.ID)); !reflect.DeepEqual(got, want) {
			t.Errorf("%.40q: got %.400v, want %.400v", evil, got, want)
		}
		lookUps(t, s, evil)
	}
	for _, junk := range []string{"\x00", "a\x00b", "\xff", "\xc3\x28"} {
		lookUps(t, s, junk)
		got := must[login.Attempt](t)(s.Attempts.AttemptByID(t.Context(), Start(t, s, func(a *login.Attempt) { a.Client, a.Device.Name = junk, junk }).ID))
		if !utf8.ValidString(got.Client) || strings.Contains(got.Client, "\x00") || got.Client == "" {
			t.Errorf("%q came back as %q", junk, got.Client)
		}
	}
}

// lookUps by a text that names nothing find nothing, and fail in no other way.
func lookUps(t *testing.T, s *store.Store, key string) {
	t.Helper()
	ctx := t.Context()
	errs := map[string]error{
		"note":   s.Attempts.NoteAttempt(ctx, key, login.Note{Event: Event("x")}),
		"revoke": s.Sessions.RevokeSession(ctx, key, key, Noon()),
		"name":   s.People.NamePerson(ctx, key, "", "", "", Noon()),
	}
	_, errs["attempt"] = s.Attempts.AttemptByID(ctx, key)
	_, errs["support code"] = s.Attempts.AttemptBySupportCode(ctx, key)
	_, errs["move"] = s.Attempts.MoveAttempt(ctx, opening(key))
	_, errs["redeem"] = s.Attempts.RedeemCode(ctx, login.Redemption{Attempt: key, Code: NewHash()})
	_, errs["session"] = s.Sessions.SessionByID(ctx, key)
	_, errs["use"] = s.Sessions.UseSession(ctx, key, Noon(), Noon(), Mark())
	_, errs["person"] = s.People.PersonByID(ctx, key)
	_, errs["subject"] = s.People.PersonBySubject(ctx, key)
	for what, err := range errs {
		wantErr(t, fmt.Sprintf("%s by %.40q", what, key), err, fault.ErrNotFound)
	}
	if all, err := s.Sessions.SessionsOfPerson(ctx, key); err != nil || len(all) != 0 {
		t.Errorf("sessions of %.40q: %v, %v", key, all, err)
	}
}

// givenUp: a write whose caller is gone does not happen.
func givenUp(t *testing.T, s *store.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a := Attempt()
	wantErr(t, "start", s.Attempts.StartAttempt(ctx, a, Secrets()), context.Canceled)
	_, err := s.Attempts.AttemptByID(t.Context(), a.ID)
	wantErr(t, "afterwards", err, fault.ErrNotFound)
	_, err = s.Attempts.AttemptByID(ctx, a.ID)
	wantErr(t, "look-up", err, context.Canceled)

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Attempts.StartAttempt(t.Context(), a, Secrets()); err == nil || errors.Is(err, fault.ErrExists) {
		t.Errorf("a closed store took a write: %v", err)
	}
}

func clock(t *testing.T, s *store.Store) {
	now, err := s.Clock(t.Context())
	if err != nil || time.Since(now).Abs() > 5*time.Second {
		t.Errorf("the database on this machine says %v (%v)", now, err)
	}
	if _, err := s.Clock(t.Context()); err != nil {
		t.Error(err)
	}
}
