package firstparty

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/notify"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a stream server that is served, over a table of statuses.
type world struct {
	*testing.T
	streams *streamServer
	room    notify.Hub
	stop    func() // ends the stream server and waits for it

	mu    sync.Mutex
	table map[string]login.AttemptStatus
	err   error
	ill   bool
	looks int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, table: map[string]login.AttemptStatus{}}
	w.streams = newStreamServer(Deps{Room: &w.room, AttemptStatuses: w.standings, Now: time.Now, MaxWaiting: 100})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { w.streams.run(ctx) })
	w.stop = func() { cancel(); running.Wait() }
	t.Cleanup(func() {
		w.stop()
		if n, m := w.streams.waiting(), w.room.Waiting(); n != 0 || m != 0 {
			t.Errorf("%d are never counted out, %d seats never given back", n, m)
		}
	})
	synctest.Wait() // the workers are open
	return w
}

func (w *world) standings(_ context.Context, ids []string) (map[string]login.AttemptStatus, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looks++
	if w.ill {
		panic("look")
	}
	found := map[string]login.AttemptStatus{}
	for _, id := range ids {
		if at, ok := w.table[id]; ok {
			found[id] = at
		}
	}
	return found, w.err
}

// move changes the table and hints at it.
func (w *world) move(id string, to login.State) {
	w.mu.Lock()
	at := w.table[id]
	at.State, at.UpdatedAt = to, time.Now()
	w.table[id] = at
	w.mu.Unlock()
	w.room.Notify(id)
}

// come seats an app whose login ends in so long. The events it gets come out of the
// channel, which is closed at the end of the answer.
func (w *world) come(id string, ends time.Duration) (app net.Conn, events <-chan string) {
	w.Helper()
	app, ours := net.Pipe()
	a := login.Attempt{ID: id, State: login.StateCreated, SupportCode: "ABC-DEF", ExpiresAt: time.Now().Add(ends)}
	w.mu.Lock()
	w.table[id] = login.AttemptStatus{Attempt: id, State: a.State, ExpiresAt: a.ExpiresAt}
	w.mu.Unlock()
	if err := w.streams.acquire(networkOf(id)); err != nil {
		w.Fatal(err)
	}
	events = w.listen(app)
	w.streams.serve(ours, networkOf(a.ID), a)
	return app, events
}

// listen reads the chunks of an answer as net/http would.
func (w *world) listen(app net.Conn) <-chan string {
	all := make(chan string, 100)
	go func() {
		defer close(all)
		head := strings.NewReader("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		answer, err := http.ReadResponse(bufio.NewReader(io.MultiReader(head, app)), nil)
		if err != nil {
			all <- err.Error()
			return
		}
		defer func() { _ = answer.Body.Close() }()
		for event := bufio.NewReader(answer.Body); ; {
			text := ""
			for !strings.HasSuffix(text, "\n\n") {
				line, err := event.ReadString('\n')
				if err != nil {
					if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrClosedPipe) {
						all <- err.Error()
					}
					return
				}
				text += line
			}
			all <- text
		}
	}()
	return all
}

// next is the next event, or an empty text at the end of the answer.
func (w *world) next(events <-chan string) string {
	w.Helper()
	select {
	case text := <-events:
		return text
	case <-time.After(time.Hour):
		w.Fatal("nothing comes")
		return ""
	}
}

func inHall(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { test(newWorld(t)) })
}

func mustSay(t *testing.T, event string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(event, word) {
			t.Errorf("the event does not say %q: %q", word, event)
		}
	}
}

func TestStreamTellsEveryChangeAndEndsWithTheLogin(t *testing.T) {
	inHall(t, func(w *world) {
		_, events := w.come("a", 10*time.Minute)
		_, others := w.come("b", 10*time.Minute)
		for _, state := range []login.State{login.StateOpened, login.StateAuthenticated, login.StateConfirmed, login.StateRedeemed} {
			w.move("a", state)
			mustSay(t, w.next(events), "event: state\nid: ", `"state":"`+string(state)+`"`, `"support_code":"ABC-DEF"`, `"expires_in":600`)
		}
		if last := w.next(events); last != "" {
			t.Errorf("after the end: %q", last)
		}
		select {
		case e := <-others:
			t.Errorf("another login's app was told %q", e)
		default:
		}
	})
}

// A stream without news shows that it lives, and ends when its login's time is over.
func TestStreamLivesAsLongAsItsLogin(t *testing.T) {
	inHall(t, func(w *world) {
		began := time.Now()
		_, events := w.come("a", 60*time.Second)
		for n := 1; n <= 2; n++ {
			if e := w.next(events); e != ":\n\n" || time.Since(began) != time.Duration(n)*keepAlive {
				t.Errorf("%q after %s", e, time.Since(began))
			}
		}
		mustSay(t, w.next(events), "event: again\nretry: 0\n")
		if took := time.Since(began); took != 60*time.Second {
			t.Errorf("it ended after %s", took)
		}
	})
}

// However long a login may take, the app proves its key again after ten minutes.
func TestStreamHasAnEnd(t *testing.T) {
	inHall(t, func(w *world) {
		began := time.Now()
		_, events := w.come("a", time.Hour)
		e := w.next(events)
		for e == ":\n\n" {
			e = w.next(events)
		}
		mustSay(t, e, "event: again")
		if took := time.Since(began); took != stay {
			t.Errorf("it ended after %s", took)
		}
	})
}

// A hint and the lookout may both fail: the sign of life looks too.
func TestStreamLooksWithEverySignOfLife(t *testing.T) {
	inHall(t, func(w *world) {
		_, events := w.come("a", 10*time.Minute)
		synctest.Wait()
		w.mu.Lock()
		w.table["a"] = login.AttemptStatus{Attempt: "a", State: login.StateBurned, Reason: login.ReasonLinkReused, ExpiresAt: time.Now()}
		w.mu.Unlock()
		mustSay(t, w.next(events), `"state":"burned","reason":"link_reused"`)
	})
}

// An app that has gone gives its place back at the next sign of life.
func TestAppThatLeavesIsNoticed(t *testing.T) {
	inHall(t, func(w *world) {
		app, _ := w.come("a", 10*time.Minute)
		if err := app.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(keepAlive)
		synctest.Wait()
		if n := w.streams.waiting(); n != 0 {
			t.Errorf("%d places are taken", n)
		}
	})
}

// An app that does not read is dropped, and keeps nobody waiting for longer than the
// patience with it.
func TestAppThatDoesNotReadIsDropped(t *testing.T) {
	inHall(t, func(w *world) {
		_, ours := net.Pipe() // nobody reads the other end
		a := login.Attempt{ID: "stuck", State: login.StateCreated, ExpiresAt: time.Now().Add(time.Minute)}
		w.mu.Lock()
		w.table[a.ID] = login.AttemptStatus{Attempt: a.ID, State: a.State, ExpiresAt: a.ExpiresAt}
		w.mu.Unlock()
		if err := w.streams.acquire(networkOf(a.ID)); err != nil {
			t.Fatal(err)
		}
		w.streams.serve(ours, networkOf(a.ID), a)
		var others []<-chan string
		for i := range 8 {
			_, events := w.come(fmt.Sprint("a", i), 10*time.Minute)
			others = append(others, events)
		}
		synctest.Wait()
		began := time.Now()
		w.move("stuck", login.StateOpened)
		synctest.Wait()
		for i, events := range others {
			w.move(fmt.Sprint("a", i), login.StateOpened)
			mustSay(t, w.next(events), "opened")
		}
		if took := time.Since(began); took > patience {
			t.Errorf("the others waited %s", took)
		}
		if n := w.streams.waiting(); n != len(others) {
			t.Errorf("%d are inside, want %d", n, len(others))
		}
	})
}

// A room that closes sends everybody home with a word, spread over some time.
func TestClosingSaysGoodbye(t *testing.T) {
	inHall(t, func(w *world) {
		var all []<-chan string
		for i := range 50 {
			_, events := w.come(fmt.Sprint("a", i), 10*time.Minute)
			all = append(all, events)
		}
		w.room.Close()
		waits := map[string]bool{}
		for _, events := range all {
			e := w.next(events)
			mustSay(t, e, "event: again\nretry: ", "\ndata: {}\n\n")
			waits[e] = true
			if last := w.next(events); last != "" {
				t.Errorf("after the goodbye: %q", last)
			}
		}
		if len(waits) < 25 {
			t.Errorf("50 apps come back at %d different times", len(waits))
		}
		_, late := w.come("late", 10*time.Minute)
		mustSay(t, w.next(late), "event: again")
	})
}

// The stream server may end without the room having closed, and an app may come after that.
func TestStoppingSaysGoodbye(t *testing.T) {
	inHall(t, func(w *world) {
		_, events := w.come("a", 10*time.Minute)
		w.stop()
		mustSay(t, w.next(events), "event: again")
		_, late := w.come("b", 10*time.Minute)
		mustSay(t, w.next(late), "event: again")
		if w.streams.running() {
			t.Error("it says that it is open")
		}
	})
}

// While the database does not answer the apps stay, and are told when it does.
func TestDatabaseAway(t *testing.T) {
	inHall(t, func(w *world) {
		_, events := w.come("a", 10*time.Minute)
		synctest.Wait()
		w.mu.Lock()
		w.err = errors.New("away")
		w.mu.Unlock()
		w.move("a", login.StateOpened)
		time.Sleep(10 * time.Second)
		w.mu.Lock()
		if w.looks > 15 {
			t.Errorf("%d looks in ten seconds", w.looks)
		}
		w.err = nil
		w.mu.Unlock()
		began := time.Now()
		mustSay(t, w.next(events), "opened")
		if took := time.Since(began); took > later {
			t.Errorf("told %s after it was back", took)
		}
	})
}

// A look that panics ends neither the worker nor the process: those at whom it looked ask
// again, and the next are served.
func TestThreat54LookThatPanics(t *testing.T) {
	inHall(t, func(w *world) {
		_, events := w.come("a", 10*time.Minute)
		synctest.Wait()
		w.mu.Lock()
		w.ill = true
		w.mu.Unlock()
		w.move("a", login.StateOpened)
		mustSay(t, w.next(events), "event: again")
		w.mu.Lock()
		w.ill = false
		w.mu.Unlock()
		_, events = w.come("b", 10*time.Minute)
		w.move("b", login.StateOpened)
		mustSay(t, w.next(events), "opened")
	})
}

// Many hints and guests at once: everybody is told the last state, nobody twice.
func TestRush(t *testing.T) {
	inHall(t, func(w *world) {
		const apps = 90
		all := make([]<-chan string, apps)
		for i := range all {
			_, all[i] = w.come(fmt.Sprint("a", i), 10*time.Minute)
		}
		var movers sync.WaitGroup
		for i := range all {
			movers.Go(func() {
				for range 20 {
					w.room.Notify(fmt.Sprint("a", i))
				}
				w.move(fmt.Sprint("a", i), login.StateDenied)
			})
		}
		movers.Wait()
		for _, events := range all {
			mustSay(t, w.next(events), `"state":"denied"`)
			if last := w.next(events); last != "" {
				t.Errorf("after the end: %q", last)
			}
		}
	})
}

// networkOf puts the apps of a test into two networks.
func networkOf(id string) string { return fmt.Sprint("network ", id[len(id)-1]%2) }

// A full hall says when to come back, and has a place again when somebody leaves.
func TestThreat34FullServerRefuses(t *testing.T) {
	inHall(t, func(w *world) {
		for i := range 100 {
			if err := w.streams.acquire(fmt.Sprint(i % 3)); err != nil {
				t.Fatal(err)
			}
		}
		mustRefuse(t, w.streams.acquire("another"), fault.Unavailable)
		w.streams.release("0")
		if err := w.streams.acquire("another"); err != nil {
			t.Errorf("after one has left: %v", err)
		}
		w.streams.release("another")
		for i := range 99 {
			w.streams.release(fmt.Sprint((i + 1) % 3))
		}
	})
}

// One network leaves half of the places to the others.
func TestThreat34OneNetworkCannotFillTheServer(t *testing.T) {
	inHall(t, func(w *world) {
		for range 50 {
			if err := w.streams.acquire("flood"); err != nil {
				t.Fatal(err)
			}
		}
		mustRefuse(t, w.streams.acquire("flood"), fault.TooMany)
		if err := w.streams.acquire("another"); err != nil {
			t.Errorf("another network: %v", err)
		}
		w.streams.release("another")
		for range 50 {
			w.streams.release("flood")
		}
		if n := len(w.streams.networks); n != 0 {
			t.Errorf("%d networks are remembered for ever", n)
		}
	})
}

func mustRefuse(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	if e := fault.AsError(err); err == nil || e.Kind != kind || e.RetryAfter != full {
		t.Errorf("got %v, want %s", err, kind)
	}
}
