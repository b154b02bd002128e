package notify_test

import (
	"sync"
	"testing"
	"testing/synctest"

	"avain/internal/platform/notify"
)

func TestWakeReachesThoseWhoWaitForIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var room notify.Hub
		var woken, all sync.WaitGroup
		for range 10 {
			call, leave := room.Wait("a")
			woken.Add(1)
			all.Go(func() {
				defer leave()
				<-call
				woken.Done()
			})
		}
		other, leaveOther := room.Wait("b")
		synctest.Wait()
		room.Notify("a")
		woken.Wait()
		all.Wait()
		select {
		case <-other:
			t.Error("woken for another attempt")
		default:
		}
		if n := room.Waiting(); n != 1 {
			t.Errorf("%d wait, want 1", n)
		}
		leaveOther()
		if n := room.Waiting(); n != 0 {
			t.Errorf("%d seats are never given back", n)
		}
		room.Notify("b") // nobody there: no harm
	})
}

// Closing sends home who waits and who comes later, and twice does no harm.
func TestCloseSendsEverybodyHome(t *testing.T) {
	t.Parallel()
	var room notify.Hub
	early, leaveEarly := room.Wait("a")
	defer leaveEarly()
	room.Close()
	room.Close()
	room.Notify("a")
	late, leaveLate := room.Wait("b")
	defer leaveLate()
	for name, call := range map[string]<-chan struct{}{"early": early, "late": late} {
		if _, open := <-call; open {
			t.Errorf("%s: a hint instead of the end", name)
		}
	}
}

// A hint that comes before the waiter looks is not lost, and a thousand of them
// block nobody.
func TestWakeIsRememberedAndNeverBlocks(t *testing.T) {
	t.Parallel()
	var room notify.Hub
	call, leave := room.Wait("a")
	defer leave()
	for range 1000 {
		room.Notify("a")
	}
	select {
	case <-call:
	default:
		t.Fatal("the hint was lost")
	}
	select {
	case <-call:
		t.Error("a thousand hints became more than one")
	default:
	}
}

// Whoever holds one attempt cannot fill the hub: who came first goes first.
func TestOneAttemptHoldsFewSeats(t *testing.T) {
	t.Parallel()
	var room notify.Hub
	var calls []<-chan struct{}
	for range 10 {
		call, leave := room.Wait("a")
		t.Cleanup(leave)
		calls = append(calls, call)
	}
	room.Notify("a")
	for i, call := range calls {
		if _, stays := <-call; stays != (i >= 6) {
			t.Errorf("guest %d of 10 stays: %v", i+1, stays)
		}
	}
}

// Leaving twice, or without having come, takes nobody else's seat.
func TestLeavingTwiceDoesNoHarm(t *testing.T) {
	t.Parallel()
	var room notify.Hub
	_, first := room.Wait("a")
	call, second := room.Wait("a")
	first()
	first()
	if n := room.Waiting(); n != 1 {
		t.Fatalf("%d wait, want 1", n)
	}
	room.Notify("a")
	<-call
	second()
	if n := room.Waiting(); n != 0 {
		t.Errorf("%d wait, want none", n)
	}
}
