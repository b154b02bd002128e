package store_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/platform/store"
	"avain/internal/platform/store/storetest"
	"avain/internal/secret"

	"github.com/jackc/pgx/v5"
)

// TestThreat08DumpHoldsNoSecret carries one login through the store, then looks for
// its secrets in what an attacker with a dump would have.
func TestThreat08DumpHoldsNoSecret(t *testing.T) {
	onBoth(t, func(t *testing.T, config func(testing.TB) store.Config) {
		c := config(t)
		s := open(t, c)
		secrets := wholeLogin(t, s)
		var dump []byte
		if c.Driver == store.SQLite {
			dump = dumpFiles(t, c.Path)
		} else {
			dump = dumpTables(t, c.DSN)
		}
		if !bytes.Contains(dump, []byte("smartumpay")) {
			t.Fatal("the dump lacks what it should hold: the test is blind")
		}
		for name, value := range secrets {
			for spelling, form := range spellings(value) {
				if bytes.Contains(dump, form) {
					t.Errorf("the dump holds the %s, %s", name, spelling)
				}
			}
		}
	})
}

// wholeLogin does what the features do with the store, and returns what they knew.
func wholeLogin(t *testing.T, s *store.Store) map[string]string {
	t.Helper()
	requestURI, authSession, link, code, refresh, next, state, browser, jti := secret.New(), secret.New(), secret.NewShort(),
		secret.New(), secret.New(), secret.New(), secret.New(), secret.New(), secret.New()
	person, err := hetu.Make(time.Date(1990, 1, 10, 0, 0, 0, 0, time.UTC), '-', 999)
	if err != nil {
		t.Fatal(err)
	}
	ctx, at := t.Context(), storetest.Noon()
	p, a := storetest.Person(), storetest.Attempt()
	lookup := secret.Of("a key outside the database").Derive("lookup", person.Reveal()).Hash()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.People.AddPerson(ctx, p, lookup[:], nil))
	must(s.Attempts.StartAttempt(ctx, a, login.AttemptSecrets{RequestURI: requestURI.Hash(), AuthSession: authSession.Hash(), Link: link.Hash()},
		login.ReplayKey{Hash: jti.Hash(), Expires: at.Add(time.Minute)}))
	_, err = s.Attempts.MoveAttempt(ctx, login.Transition{
		Attempt: a.ID, From: []login.State{login.StateCreated}, To: login.StateConfirmed, At: at, Event: storetest.Event("confirm"),
		SetBrowser: browser.Hash(), SetIdentity: &login.AuthResult{Person: p.ID, AuthTime: at}, SetCode: code.Hash(), SetCodeEnds: at.Add(time.Minute),
		BrokerRequest: &login.BrokerRequest{State: state.Hash(), StartedAt: at, ExpiresAt: at.Add(time.Minute)},
	})
	must(err)
	session := storetest.Session(p.ID)
	session.Refresh = refresh.Hash()
	_, err = s.Attempts.RedeemCode(ctx, login.Redemption{Code: code.Hash(), Attempt: a.ID, At: at, Session: session, Event: storetest.Event("redeem")})
	must(err)
	_, err = s.Sessions.RotateRefresh(ctx, session.ID, refresh.Hash(), next.Hash(), at.Add(time.Minute), at)
	must(err)
	must(s.Sessions.RevokeSession(ctx, session.ID, "logout", at))
	return map[string]string{
		"request_uri": requestURI.Reveal(), "auth_session": authSession.Reveal(), "link": link.Reveal(), "code": code.Reveal(),
		"refresh token": refresh.Reveal(), "next refresh token": next.Reveal(), "state": state.Reveal(), "browser": browser.Reveal(),
		"jti": jti.Reveal(), "identity code": person.Reveal(),
	}
}

// spellings are the forms in which a secret could lie in a dump.
func spellings(value string) map[string][]byte {
	out := map[string][]byte{
		"plain": []byte(value), "in hex": []byte(hex.EncodeToString([]byte(value))),
		"in base64": []byte(base64.RawStdEncoding.EncodeToString([]byte(value))),
	}
	if b, err := base64.RawURLEncoding.DecodeString(value); err == nil && len(b) >= 16 {
		out["decoded"], out["decoded, in hex"] = b, []byte(hex.EncodeToString(b))
	}
	return out
}

// dumpFiles reads the database file and whatever lies beside it, such as the -wal.
func dumpFiles(t *testing.T, path string) (dump []byte) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		b, err := os.ReadFile(filepath.Join(filepath.Dir(path), entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		info, err := entry.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s may be read by others: %v (%v)", entry.Name(), info.Mode(), err)
		}
		dump = append(dump, b...)
	}
	return dump
}

func dumpTables(t *testing.T, dsn secret.Text) []byte {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var dump strings.Builder
	for _, table := range []string{"attempts", "legs", "once", "persons", "benefits", "sessions", "signing_keys", "audit", "meta"} {
		rows, err := conn.Query(t.Context(), "SELECT CAST(t AS TEXT) FROM "+table+" t")
		if err != nil {
			t.Fatal(err)
		}
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		dump.WriteString(strings.Join(all, "\n"))
	}
	return []byte(dump.String())
}
