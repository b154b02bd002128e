package audit_test

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/audit"
)

// shelf keeps entries in memory.
type shelf struct {
	mu      sync.Mutex
	entries []operations.AuditEntry
}

func (s *shelf) AppendAudit(_ context.Context, e operations.AuditEntry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries = append(s.entries, e)
	return nil
}

func (s *shelf) Atomically(ctx context.Context, act func(context.Context) error) error {
	return act(ctx)
}

// told adds up what the entries tell: each one, and those that it says are missing.
func (s *shelf) told(t *testing.T, action string) (n int64) {
	t.Helper()
	for _, e := range s.entries {
		if e.Action != action {
			continue
		}
		unwritten, err := strconv.ParseInt("0"+e.Detail[audit.Unwritten], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if n += unwritten; e.Detail["reason"] != "" || e.Detail["support_code"] != "" {
			n++ // an entry of its own, and not only a count
		}
	}
	return n
}

// 200 refusals a second for a day, from as many networks as anybody likes, leave few
// entries, and the entries say how many there were.
func TestThreat48NoiseIsBoundedAndCounted(t *testing.T) {
	t.Parallel()
	at := now
	kept := &shelf{}
	trail := audit.New(kept, func() time.Time { return at }, slog.New(slog.DiscardHandler))
	const seconds, each = 2 * 60 * 60, 20
	for range seconds {
		for range each {
			trail.ClientRefused(t.Context(), "app", login.ReasonClientRefused)
		}
		at = at.Add(time.Second)
	}
	if err := trail.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(kept.entries); n < 100 || n > 100+seconds/60+2 {
		t.Errorf("%d entries", n)
	}
	if n := kept.told(t, "client.refuse"); n != seconds*each {
		t.Errorf("the entries tell of %d, want %d", n, seconds*each)
	}
	before := len(kept.entries)
	if err := trail.Settle(t.Context()); err != nil || len(kept.entries) != before {
		t.Errorf("settled twice: %v, %d more entries", err, len(kept.entries)-before)
	}
}

// What one network floods with is bounded before it touches what others have, and
// before another client's and another kind's.
func TestThreat48OneNetworkHidesNobody(t *testing.T) {
	t.Parallel()
	type network struct{}
	left := map[string]int{}
	kept := &shelf{}
	trail := audit.New(kept, func() time.Time { return now }, slog.New(slog.DiscardHandler)).Quietly(func(ctx context.Context, action string) bool {
		key := fmt.Sprint(ctx.Value(network{}), action)
		left[key]++
		return left[key] <= 10
	})
	loud := context.WithValue(t.Context(), network{}, "loud")
	for n := range 10_000 {
		trail.LinkReused(loud, login.Attempt{ID: strconv.Itoa(n), Client: "app", SupportCode: "K7Q-4TM"})
	}
	trail.LinkReused(context.WithValue(t.Context(), network{}, "other"), login.Attempt{ID: "honest", Client: "app", SupportCode: "K7Q-4TN"})
	trail.QRReused(loud, login.Attempt{ID: "kind", Client: "app", SupportCode: "K7Q-4TP"})
	if n := len(kept.entries); n != 12 {
		t.Fatalf("%d entries, want 10 and those of the two others", n)
	}
	if e := kept.entries[10]; e.Target != "attempt:honest" || e.Detail[audit.Unwritten] != "9990" {
		t.Errorf("%+v", e)
	}
	if e := kept.entries[11]; e.Target != "attempt:kind" || e.Detail[audit.Unwritten] != "" {
		t.Errorf("%+v", e)
	}
}

// What nobody but the service or its staff can cause is always written.
func TestWhatIsNoNoiseIsAlwaysWritten(t *testing.T) {
	t.Parallel()
	kept := &shelf{}
	trail := audit.New(kept, func() time.Time { return now }, slog.New(slog.DiscardHandler)).Quietly(func(context.Context, string) bool { return false })
	for range 500 {
		trail.PersonLocked(t.Context(), "system", "P1")
		trail.RefreshReused(t.Context(), login.Session{ID: "S1", Client: "app", Person: "P1"})
	}
	if n := len(kept.entries); n != 1000 {
		t.Errorf("%d entries, want 1000", n)
	}
}
