package audit_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/audit"
	"avain/internal/platform/store"
	"avain/internal/platform/store/storetest"
	"avain/internal/secret"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func openStore(t *testing.T) *store.Store {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{
		Driver: store.SQLite, Path: storetest.Fresh(t), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// everything lets each event happen once.
func everything(ctx context.Context, l *audit.Log) {
	s := login.Session{
		ID: "S1", Person: "P1", Client: "app", Method: login.MethodDirect, Means: "nordea", Broker: "telia",
		Key: "canary-key", Nonce: "canary-nonce", Refresh: secret.Of("canary").Hash(), Device: login.Device{Name: "canary-device"},
	}
	a := login.Attempt{
		ID: "A1", Client: "app", Person: "P1", Session: "S1", SupportCode: "K7Q-4TM",
		Request: login.Request{State: "canary-state", RedirectURI: "https://canary"},
	}
	l.SessionCreated(ctx, s)
	l.SessionRevoked(ctx, s, "logout")
	l.RefreshReused(ctx, s)
	l.CodeReplayed(ctx, a)
	l.ProofReplayed(ctx, "app")
	l.ClientRefused(ctx, "app", login.ReasonClientRefused)
	l.KeyRotated(ctx, operations.SigningKey{KID: "K1", Alg: "ES256", Slot: 7, Sealed: []byte("canary-sealed")})
	l.PersonLocked(ctx, "system", "P1")
	l.PersonUnlocked(ctx, "system", "P1")
	l.PeopleAdded(ctx, "system", 3, 2)
	for _, name := range []string{operations.MethodSwitch(login.MethodLink), operations.MeansSwitch("nordea")} {
		reasons := map[string]string{"fi": "canary-reason"}
		l.Switched(ctx, operations.Switch{Name: name, Reasons: reasons, By: "system"})
		l.Switched(ctx, operations.Switch{Name: name, On: true, By: "system"})
	}
}

func TestEntries(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	everything(t.Context(), audit.New(db.Audit, func() time.Time { return now }, slog.New(slog.DiscardHandler)))
	got, err := storetest.ReadAudit(t.Context(), db, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"person:P1 session.create session:S1 broker=telia client=app means=nordea method=direct",
		"person:P1 session.revoke session:S1 client=app why=logout",
		"client:app refresh.reuse session:S1 person=P1",
		"client:app code.replay attempt:A1 person=P1 session=S1 support_code=K7Q-4TM",
		"client:app proof.replay client:app",
		"client:app client.refuse client:app reason=client_refused",
		"system key.rotate key:K1 alg=ES256 slot=7",
		"system person.lock person:P1",
		"system person.unlock person:P1",
		"system people.add people added=3 new=2",
		"system method.off method:link",
		"system method.on method:link",
		"system means.off means:nordea",
		"system means.on means:nordea",
	}
	if len(got) != len(want) {
		t.Fatalf("%d entries, want %d", len(got), len(want))
	}
	for i, e := range got {
		if line := format(e); line != want[i] {
			t.Errorf("entry %d:\n got %s\nwant %s", i, line, want[i])
		}
		if !e.At.Equal(now) || strings.Contains(format(e), "canary") {
			t.Errorf("entry %d: %+v", i, e)
		}
	}
}

func format(e operations.AuditEntry) string {
	line := e.Actor + " " + e.Action + " " + e.Target
	for _, key := range slices.Sorted(maps.Keys(e.Detail)) {
		line += " " + key + "=" + e.Detail[key]
	}
	return line
}

// Hanging up in the middle must not keep an entry out of the log.
func TestCallerWhoHangsUpIsRecorded(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	audit.New(db.Audit, time.Now, slog.New(slog.DiscardHandler)).PersonLocked(ctx, "system", "P1")
	if got, err := storetest.ReadAudit(t.Context(), db, 0, 10); err != nil || len(got) != 1 {
		t.Errorf("%d entries, %v", len(got), err)
	}
}

type brokenStore struct{}

func (brokenStore) AppendAudit(context.Context, operations.AuditEntry) error {
	return errors.New("disk full")
}

func (brokenStore) Atomically(context.Context, func(context.Context) error) error {
	return errors.New("disk full")
}

func TestWhatCannotBeWrittenIsLogged(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	everything(t.Context(), audit.New(brokenStore{}, time.Now, slog.New(slog.NewJSONHandler(&out, nil))))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 14 || !strings.Contains(lines[0], "session:S1") || !strings.Contains(lines[0], "disk full") {
		t.Errorf("logged: %s", out.String())
	}
	if strings.Contains(out.String(), "canary") {
		t.Error("a secret was logged")
	}
}
