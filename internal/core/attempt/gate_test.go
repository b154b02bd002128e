package attempt_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

func TestDirectLogin(t *testing.T) {
	t.Parallel()
	w, browser := newWorld(t), secret.New()
	a, code := w.confirmed(keyOfApp, browser)
	granted, err := w.Redeem(t.Context(), rightful(code, keyOfApp))
	if err != nil {
		t.Fatal(err)
	}
	s := granted.Session
	if granted.Attempt.State != login.StateRedeemed || s.Person != w.person.ID || s.Key != keyOfApp || s.Means != bankID || s.Nonce != "nonce" {
		t.Errorf("attempt %s, session %+v", granted.Attempt.State, s)
	}
	stored, err := w.db.Sessions.SessionByRefresh(t.Context(), granted.Refresh.Hash())
	if err != nil || stored.ID != s.ID {
		t.Errorf("the refresh token finds %q (%v), want %q", stored.ID, err, s.ID)
	}
	want := []string{"start ok ", "choose ok ", "identify ok ", "confirm ok ", "redeem ok "}
	if got := w.events(a.ID); !slices.Equal(got, want) {
		t.Errorf("timeline %q, want %q", got, want)
	}
}

// Everything that a code is bound to must be right, in every combination; and no
// wrong try takes the code away from its owner.
func TestThreat11CodeIsBoundToClientRedirectVerifierAndKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.confirmed(keyOfApp, secret.New())
	otherKey := challengeOf(secret.Of("another key"))
	wrongVerifiers := []secret.Text{{}, secret.Of("guess"), secret.Of(verifier.Reveal() + "x"), secret.Of(verifier.Reveal()[1:]), secret.Of(challengeOf(verifier))}
	tried := 0
	for _, client := range []string{clientID, "other", ""} {
		for _, uri := range []string{redirectURI, redirectURI + "/", "https://evil.example/return"} {
			for _, v := range append(wrongVerifiers, verifier) {
				for _, key := range []string{keyOfApp, otherKey, ""} {
					in := attempt.RedeemRequest{Code: code, Client: client, RedirectURI: uri, Verifier: v, Key: key}
					if client == clientID && uri == redirectURI && v == verifier && key == keyOfApp {
						continue
					}
					tried++
					_, err := w.Redeem(t.Context(), in)
					if e := fault.AsError(err); err == nil || e.Code != oauth.InvalidGrant {
						t.Fatalf("client %q, uri %q, key %q: got %v", client, uri, key, err)
					}
				}
			}
		}
	}
	if tried < 100 {
		t.Fatalf("only %d combinations", tried)
	}
	if _, err := w.Redeem(t.Context(), rightful(code, keyOfApp)); err != nil {
		t.Errorf("the rightful owner was refused after that: %v", err)
	}
}

// A verifier where none was promised means that somebody removed the challenge.
func TestThreat11PKCEDowngradeIsRefused(t *testing.T) {
	t.Parallel()
	w, browser := newWorld(t), secret.New()
	started, err := w.Start(t.Context(), attempt.StartRequest{
		Client: clientID, Method: login.MethodDirect, Request: login.Request{RedirectURI: redirectURI, Scopes: []string{"openid"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	code, _, err := w.Issue(t.Context(), w.prove(started.Attempt, browser), browser, login.Event{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Redeem(t.Context(), rightful(code, "")); reasonOf(err) != login.ReasonVerifierWrong {
		t.Errorf("got %v", err)
	}
}

func TestThreat28TruncatedAndFlippedCodesAreUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.confirmed(keyOfApp, secret.New())
	for i := range code.Reveal() {
		flipped := []byte(code.Reveal())
		flipped[i] ^= 1
		for _, wrong := range []string{code.Reveal()[:i], string(flipped), code.Reveal() + code.Reveal()[:i+1]} {
			if _, err := w.Redeem(t.Context(), rightful(secret.Of(wrong), keyOfApp)); reasonOf(err) != login.ReasonCodeWrong {
				t.Fatalf("position %d: got %v", i, err)
			}
		}
	}
}

// With a key, every concurrent try gets the one session: the answers to a client
// that asked again because it heard nothing.
func TestThreat05ConcurrentRedeemsMakeOneSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.confirmed(keyOfApp, secret.New())
	var mu sync.Mutex
	sessions, refresh := map[string]int{}, map[string]int{}
	together(64, func() {
		granted, err := w.Redeem(t.Context(), rightful(code, keyOfApp))
		if err != nil {
			t.Error(err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		sessions[granted.Session.ID]++
		refresh[granted.Refresh.Reveal()]++
	})
	all, err := w.db.Sessions.SessionsOfPerson(t.Context(), w.person.ID)
	if err != nil || len(sessions) != 1 || len(refresh) != 1 || len(all) != 1 {
		t.Errorf("%d sessions and %d refresh tokens answered, %d stored (%v), want one each", len(sessions), len(refresh), len(all), err)
	}
}

// Without a key a second redemption is theft: at most one try wins, and if there
// were several, the session is over.
func TestThreat05ReplayWithoutKeyEndsTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.confirmed("", secret.New())
	var won atomic.Int32
	together(64, func() {
		if _, err := w.Redeem(t.Context(), rightful(code, "")); err == nil {
			won.Add(1)
		} else if reasonOf(err) != login.ReasonCodeReplayed {
			t.Errorf("a loser was told %v", err)
		}
	})
	if won.Load() != 1 {
		t.Errorf("%d winners, want 1", won.Load())
	}
	all, err := w.db.Sessions.SessionsOfPerson(t.Context(), w.person.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Live(w.clock()) {
			t.Error("the session survived a replayed code")
		}
	}
	if len(w.alarms) == 0 {
		t.Error("nobody was told")
	}
}

func together(n int, act func()) {
	var all sync.WaitGroup
	begin := make(chan struct{})
	for range n {
		all.Go(func() {
			<-begin
			act()
		})
	}
	close(begin)
	all.Wait()
}

func TestLostAnswerIsGivenAgainOnlyWhileUnused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		after func(w *world, s login.Session)
		want  login.Reason
	}{
		{"at once", func(*world, login.Session) {}, ""},
		{"a token was used", func(w *world, s login.Session) {
			if _, err := w.db.Sessions.UseSession(w.Context(), s.ID, w.clock(), s.IdleUntil); err != nil {
				w.Fatal(err)
			}
		}, login.ReasonCodeReplayed},
		{"at the last moment of the code", func(w *world, _ login.Session) { w.pass(time.Minute - time.Millisecond) }, ""},
		{"after the code's life", func(w *world, _ login.Session) { w.pass(time.Minute) }, login.ReasonCodeReplayed},
		{"logged out meanwhile", func(w *world, s login.Session) {
			if err := w.db.Sessions.RevokeSession(w.Context(), s.ID, "test", w.clock()); err != nil {
				w.Fatal(err)
			}
		}, login.ReasonCodeReplayed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			_, code := w.confirmed(keyOfApp, secret.New())
			first, err := w.Redeem(t.Context(), rightful(code, keyOfApp))
			if err != nil {
				t.Fatal(err)
			}
			c.after(w, first.Session)
			second, err := w.Redeem(t.Context(), rightful(code, keyOfApp))
			if reasonOf(err) != c.want {
				t.Fatalf("got %v, want reason %q", err, c.want)
			}
			if c.want == "" {
				if !second.Refresh.Equal(first.Refresh) || second.Session.ID != first.Session.ID {
					t.Error("the second answer differs from the first")
				}
				return
			}
			if s, err := w.db.Sessions.SessionByID(t.Context(), first.Session.ID); err != nil || s.Live(w.clock()) {
				t.Errorf("the session lives on (%v)", err)
			}
		})
	}
}

// A lost answer is given again to the key that had it, and to no exact client.
func TestLostAnswerIsGivenToItsKeyOnly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		key   string // that comes again
		exact bool
		want  login.Reason
	}{
		"the same key":    {keyOfApp, false, ""},
		"another key":     {"another key", false, login.ReasonCodeReplayed},
		"no key":          {"", false, login.ReasonCodeReplayed},
		"an exact client": {keyOfApp, true, login.ReasonCodeReplayed},
	} {
		w := newWorld(t)
		_, code := w.confirmed("", secret.New()) // the key comes with the code
		if _, err := w.Redeem(t.Context(), rightful(code, keyOfApp)); err != nil {
			t.Fatal(err)
		}
		again := rightful(code, c.key)
		again.Exact = c.exact
		if _, err := w.Redeem(t.Context(), again); reasonOf(err) != c.want || len(w.alarms) != map[bool]int{true: 1, false: 0}[c.want != ""] {
			t.Errorf("%s: %v, %d alarms", name, err, len(w.alarms))
		}
	}
}

// One gate: whoever is locked gets no code and no session, at whichever point of
// whichever login the lock falls.
func TestThreat13LockedPersonGetsNothing(t *testing.T) {
	t.Parallel()
	lock := func(w *world) {
		if err := w.db.People.LockPerson(w.Context(), w.person.ID, w.clock()); err != nil {
			w.Fatal(err)
		}
	}
	t.Run("before the code", func(t *testing.T) {
		t.Parallel()
		w, browser := newWorld(t), secret.New()
		a := w.authenticated(keyOfApp, browser)
		lock(w)
		_, ended, err := w.Issue(t.Context(), a, browser, login.Event{})
		if reasonOf(err) != login.ReasonPersonLocked || ended.State != login.StateDenied {
			t.Errorf("%v, attempt %s", err, ended.State)
		}
	})
	t.Run("between code and token", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		a, code := w.confirmed(keyOfApp, secret.New())
		lock(w)
		if _, err := w.Redeem(t.Context(), rightful(code, keyOfApp)); reasonOf(err) != login.ReasonPersonLocked {
			t.Errorf("got %v", err)
		}
		if a, err := w.db.Attempts.AttemptByID(t.Context(), a.ID); err != nil || a.State != login.StateDenied {
			t.Errorf("attempt %s (%v), want denied", a.State, err)
		}
	})
}

func TestSecondClickGetsTheSameCode(t *testing.T) {
	t.Parallel()
	w, browser := newWorld(t), secret.New()
	a := w.authenticated(keyOfApp, browser)
	var mu sync.Mutex
	codes := map[string]int{}
	together(16, func() {
		code, _, err := w.Issue(t.Context(), a, browser, login.Event{})
		if err != nil {
			t.Error(err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		codes[code.Reveal()]++
	})
	if len(codes) != 1 {
		t.Errorf("%d codes, want one", len(codes))
	}
}

func TestCodeDiesAfterAMinute(t *testing.T) {
	t.Parallel()
	w, browser := newWorld(t), secret.New()
	a, code := w.confirmed(keyOfApp, browser)
	w.pass(60 * time.Second)
	if _, err := w.Redeem(t.Context(), rightful(code, keyOfApp)); reasonOf(err) != login.ReasonCodeExpired {
		t.Errorf("redeem: %v", err)
	}
	if _, _, err := w.Issue(t.Context(), a, browser, login.Event{}); reasonOf(err) != login.ReasonCodeExpired {
		t.Errorf("issue again: %v", err)
	}
}
