package passhash_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/passhash"
	"avain/internal/secret"
)

// held is a hasher whose hashes stay in their slots until they are let go. It counts
// lanes, which are what takes cores.
type held struct {
	*passhash.Hasher
	inside  chan struct{} // one for each hash that has come into a slot
	letGo   chan struct{}
	outside sync.WaitGroup

	mu     sync.Mutex
	lanes  int
	atOnce int // most lanes that were ever there
}

// come counts lanes in and, with a negative number, out.
func (h *held) come(lanes int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lanes += lanes
	h.atOnce = max(h.atOnce, h.lanes)
}

func (h *held) counted() (lanes, atOnce int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lanes, h.atOnce
}

func newHeld(t *testing.T, slots int) *held {
	t.Helper()
	h := &held{inside: make(chan struct{}, 1000), letGo: make(chan struct{})}
	h.Hasher = newHasher(t, passhash.Config{Params: cheap(), Peppers: secret.Ring{secret.Of("pepper")}, Slots: slots, Computing: func(p passhash.Params) {
		h.come(int(p.Threads))
		h.inside <- struct{}{}
		<-h.letGo
		h.come(-int(p.Threads))
	}})
	return h
}

// typed enters and compares, beside the others.
func (h *held) typed(t *testing.T, stored string) error {
	t.Helper()
	place, err := h.Enter()
	if err != nil {
		return err
	}
	h.outside.Go(func() {
		defer place.Leave()
		if _, _, err := place.Verify(context.WithoutCancel(t.Context()), stored, secret.Of("x")); err != nil {
			t.Error(err)
		}
	})
	return nil
}

const oneLane = "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$c3Vtc3Vtc3Vtc3Vtc3Vtcw"

// Of 400 guesses at once few are computed, some wait, and the others hear at once, before
// anything is computed for them, when to come again. When the queue has moved on there is
// room again.
func TestThreat51FullQueueSaysSoAtOnce(t *testing.T) {
	t.Parallel()
	const slots, places, guesses = 3, 3 * 32, 400
	h := newHeld(t, slots)
	refused := 0
	for range guesses {
		err := h.typed(t, oneLane)
		if err == nil {
			continue
		}
		refused++
		e := fault.AsError(err)
		if e.Kind != fault.TooMany || e.Reason != login.ReasonRateLimited || e.RetryAfter < time.Second || e.RetryAfter > 10*time.Second {
			t.Fatalf("%v, again after %v", err, e.RetryAfter)
		}
	}
	if refused != guesses-places {
		t.Errorf("%d were refused, want %d", refused, guesses-places)
	}
	for range slots {
		<-h.inside
	}
	if n, _ := h.counted(); n != slots {
		t.Errorf("%d are computed at once, want %d", n, slots)
	}
	close(h.letGo)
	h.outside.Wait()
	if _, n := h.counted(); n != slots {
		t.Errorf("%d were computed at once, want %d", n, slots)
	}
	for range places {
		if err := h.typed(t, oneLane); err != nil {
			t.Fatalf("when all have left: %v", err)
		}
	}
	h.outside.Wait()
}

// A hash from elsewhere may have several lanes, each of which takes a core: together
// they get no more than there are slots, and one with more lanes than slots gets in.
func TestThreat51LanesCount(t *testing.T) {
	t.Parallel()
	const slots = 4
	h := newHeld(t, slots)
	for range 6 {
		for _, stored := range []string{oneLane, "$argon2id$v=19$m=64,t=1,p=3$c2FsdHNhbHQ$c3Vtc3Vtc3Vtc3Vtc3Vtcw", "$argon2id$v=19$m=64,t=1,p=4$c2FsdHNhbHQ$c3Vtc3Vtc3Vtc3Vtc3Vtcw"} {
			if err := h.typed(t, stored); err != nil {
				t.Fatal(err)
			}
		}
	}
	close(h.letGo)
	h.outside.Wait()
	if _, n := h.counted(); n > slots || n < 3 {
		t.Errorf("%d lanes at once, want %d at most", n, slots)
	}
	single := newHeld(t, 1)
	close(single.letGo)
	if err := single.typed(t, "$argon2id$v=19$m=64,t=1,p=4$c2FsdHNhbHQ$c3Vtc3Vtc3Vtc3Vtc3Vtcw"); err != nil {
		t.Error(err)
	}
	single.outside.Wait()
}

// Who waits for a slot and gives up costs nothing more.
func TestGivingUp(t *testing.T) {
	t.Parallel()
	h := newHeld(t, 1)
	if err := h.typed(t, oneLane); err != nil {
		t.Fatal(err)
	}
	<-h.inside
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	place, err := h.Enter()
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, err := place.Verify(gone, oneLane, secret.Of("x")); ok || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", ok, err)
	}
	place.Leave()
	close(h.letGo)
	h.outside.Wait()
	if len(h.inside) != 0 {
		t.Error("computed for somebody who had gone")
	}
}
