package backchannel

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/queue"
	"avain/internal/platform/jobs"
	"avain/internal/protocol/signing"
)

// parts are header and claims of a token.
func parts(t *testing.T, token string) (header, claims map[string]any) {
	t.Helper()
	for i, into := range []*map[string]any{&header, &claims} {
		raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}

// The token says what §2.4 asks for and nothing else, and is signed as the client's ID
// tokens are.
func TestLogoutToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, status(http.StatusOK))
	for id, alg := range map[string]string{"shop": "RS256", "bakery": "ES256"} {
		c, _ := w.clients.Get(id)
		session, person := w.session(id)
		w.end(session)
		w.wantEnd(jobs.Done)
		token := w.tokens()[len(w.tokens())-1]
		header, claims := parts(t, token)
		if header["typ"] != "logout+jwt" || header["alg"] != alg || header["kid"] == "" {
			t.Errorf("%s: header %v", id, header)
		}
		now := float64(w.now().Unix())
		want := map[string]any{
			"iss": issuer, "aud": id, "iat": now, "exp": now + 120, "jti": claims["jti"], "sid": session.ID, "sub": w.clients.Subject(c, person),
			"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
		}
		if !reflect.DeepEqual(claims, want) || claims["jti"] == "" {
			t.Errorf("%s:\n got %v\nwant %v", id, claims, want)
		}
		if got := w.read(id, alg, token); got.SessionID != session.ID || got.Subject != want["sub"] {
			t.Errorf("%s reads %+v", id, got)
		}
	}
}

// A client without an address costs nothing: no row, and not even a look for the subject.
func TestNobodyIsToldUnasked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, status(http.StatusOK))
	session, _ := w.session("quiet")
	ordered, err := w.sender.Jobs(session, func() (string, error) { t.Error("the subject was asked for"); return "", nil })
	if err != nil || len(ordered) != 0 {
		t.Errorf("%v, %v", ordered, err)
	}
	w.end(session)
	if depths, err := w.store.Operations.JobDepths(t.Context()); err != nil || len(depths) != 0 {
		t.Errorf("%v, %v", depths, err)
	}
}

// Each try is signed anew: an exp of its own, not later than two minutes from it, and a
// jti of its own.
func TestEachTryIsSignedAnew(t *testing.T) {
	t.Parallel()
	var tries atomic.Int32
	w := newWorld(t, func(rw http.ResponseWriter, _ *http.Request) {
		if tries.Add(1) < 3 {
			rw.WriteHeader(http.StatusInternalServerError)
		}
	})
	session, _ := w.session("bakery")
	w.end(session)
	w.wantEnd(jobs.Retried)
	w.after(w.nextTry())
	w.wantEnd(jobs.Retried)
	w.after(time.Hour)
	w.wantEnd(jobs.Done)
	seen := map[any]bool{}
	for _, token := range w.tokens() {
		_, claims := parts(t, token)
		seen[claims["jti"]] = true
	}
	last := w.tokens()[2]
	if _, claims := parts(t, last); len(seen) != 3 || claims["exp"] != float64(w.now().Unix()+120) {
		t.Errorf("%d tokens; the last is good until %v, now is %d", len(seen), claims["exp"], w.now().Unix())
	}
	w.read("bakery", "ES256", last)
	if _, err := w.verifier("bakery", "ES256").VerifyLogout(t.Context(), w.tokens()[0]); err == nil {
		t.Error("the first token is still good after an hour")
	}
}

// Who is erased while the client cannot be reached is still logged out there, under the
// sub by which it knows them, and afterwards nothing of them is left; not even when the
// client is given up.
func TestErasedPerson(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ first, then int }{"reached": {503, 200}, "given up": {503, 400}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var answer atomic.Int32
			answer.Store(int32(c.first))
			w := newWorld(t, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(int(answer.Load())) })
			before, person := w.session("shop")
			after := w.again("shop", person)
			w.end(before)
			w.wantEnd(jobs.Retried)
			answer.Store(int32(c.then))
			if _, err := w.store.People.ErasePerson(t.Context(), person.ID, operations.Erasure{At: w.now()}); err != nil {
				t.Fatal(err)
			}
			end := map[int]jobs.Outcome{200: jobs.Done, 400: jobs.Retried}[c.then]
			w.runner.Wake()
			w.wantEnd(end) // what the erasure has ended
			w.after(time.Minute)
			w.wantEnd(end) // what had been ended before
			if c.then == http.StatusBadRequest {
				w.wantEnd(end) // the other, again
			}
			shop, _ := w.clients.Get("shop")
			sub := w.clients.Subject(shop, person)
			var told []string
			for _, token := range w.tokens()[1:] {
				got := w.read("shop", "RS256", token)
				told = append(told, got.SessionID)
				if got.Subject != sub {
					t.Errorf("told of %q, want %q", got.Subject, sub)
				}
			}
			slices.Sort(told)
			if want := slices.Sorted(slices.Values([]string{before.ID, after.ID})); !slices.Equal(slices.Compact(told), want) {
				t.Errorf("told of %v, want %v", told, want)
			}
			if c.then == http.StatusBadRequest {
				w.refused(2, 2)
			}
			dead, err := w.store.Operations.DeadJobs(t.Context(), "", queue.Place{}, 10)
			if err != nil || len(dead) != map[int]int{200: 0, 400: 2}[c.then] {
				t.Errorf("%d given up, %v", len(dead), err)
			}
			for _, j := range dead {
				if strings.Contains(string(j.Payload), sub) || !strings.Contains(string(j.Payload), `"sid"`) {
					t.Errorf("kept: %s", j.Payload)
				}
			}
		})
	}
}

// refused lets time go by until so many jobs, which have been tried so often, are given up.
func (w *world) refused(n, tries int) {
	w.t.Helper()
	for ; tries < refusals; tries++ {
		w.after(15 * time.Minute)
		for range n { // before the clock moves again, or a try would lose its lease
			w.wantEnd(map[bool]jobs.Outcome{true: jobs.Buried, false: jobs.Retried}[tries == refusals-1])
		}
	}
}

// What was given up and begun again says which session it is about.
func TestRevived(t *testing.T) {
	t.Parallel()
	var answer atomic.Int32
	answer.Store(http.StatusBadRequest)
	w := newWorld(t, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(int(answer.Load())) })
	session, _ := w.session("bakery")
	w.end(session)
	for range refusals - 1 {
		w.wantEnd(jobs.Retried)
		w.after(w.nextTry())
	}
	w.wantEnd(jobs.Buried)
	answer.Store(http.StatusNoContent)
	if n, _, err := w.store.Operations.ReviveJobs(t.Context(), queue.KindLogout+"bakery", w.now()); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	w.runner.Wake()
	w.wantEnd(jobs.Done)
	all := w.tokens()
	if got := w.read("bakery", "ES256", all[len(all)-1]); got.SessionID != session.ID || got.Subject != "" {
		t.Errorf("%+v", got)
	}
}

// What each answer means (§2.8).
func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   jobs.Outcome
		next   time.Duration
	}{
		"200": {status(200), jobs.Done, 0},
		"204": {status(204), jobs.Done, 0},
		"201": {status(201), jobs.Retried, 5 * time.Second},
		"202": {status(202), jobs.Retried, 5 * time.Second},
		"302": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) }, jobs.Retried, 5 * time.Second},
		"307": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusTemporaryRedirect) }, jobs.Retried, 5 * time.Second},
		"400": {status(400), jobs.Retried, 5 * time.Second},
		"404": {status(404), jobs.Retried, 5 * time.Second},
		"501": {status(501), jobs.Retried, 5 * time.Second},
		"503 in ten minutes": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "600")
			w.WriteHeader(http.StatusServiceUnavailable)
		}, jobs.Retried, 10 * time.Minute},
		"dropped": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, jobs.Retried, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.answer)
			session, _ := w.session("bakery")
			w.end(session)
			w.wantEnd(c.want)
			if n := len(w.tokens()); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
			if c.want == jobs.Retried {
				if next := w.nextTry(); next != c.next {
					t.Errorf("next try in %v, want %v", next, c.next)
				}
			}
		})
	}
}

// A client that hangs loses its turn, and is tried for about three days.
func TestGivenUpAfterThreeDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, status(http.StatusBadGateway))
	session, _ := w.session("bakery")
	start := w.now()
	w.end(session)
	for range options().Tries - 1 {
		w.wantEnd(jobs.Retried)
		w.after(w.nextTry())
	}
	w.wantEnd(jobs.Buried)
	if took := w.now().Sub(start); took < 60*time.Hour || took > 84*time.Hour {
		t.Errorf("given up after %v, want about three days", took)
	}
}

// However many sessions end at once, a client hears of four at a time, and one that hangs
// keeps nothing from another.
func TestStormIsBounded(t *testing.T) {
	t.Parallel()
	release, began := make(chan struct{}), make(chan struct{}, 100)
	var now, most atomic.Int32
	w := newWorld(t, func(_ http.ResponseWriter, r *http.Request) {
		_, claims := parts(t, r.PostFormValue("logout_token"))
		if claims["aud"] != "shop" {
			return
		}
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		began <- struct{}{}
		<-release
	})
	_, person := w.session("shop")
	for range 29 {
		w.again("shop", person)
	}
	if err := w.store.People.LockPerson(t.Context(), person.ID, w.now()); err != nil {
		t.Fatal(err)
	}
	w.runner.Wake()
	for range workers {
		<-began
	}
	other, _ := w.session("bakery")
	w.end(other)
	w.wantEnd(jobs.Done) // of the bakery: all of the shop hang
	close(release)
	for range 30 {
		w.wantEnd(jobs.Done)
	}
	if most.Load() != workers || len(w.tokens()) != 31 {
		t.Errorf("%d at once, %d in all", most.Load(), len(w.tokens()))
	}
}

// Threat 57: a logout token is no ID token and no access token, here and at a client, and
// an ID token logs nobody out there.
func TestThreat57LogoutTokensAreNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, status(http.StatusOK))
	session, person := w.session("bakery")
	w.end(session)
	w.wantEnd(jobs.Done)
	token := w.tokens()[0]
	for _, typ := range []string{signing.TypIDToken, signing.TypAccessToken} {
		if _, err := w.signer.Verify(t.Context(), token, signing.Expect{Typ: typ, Hint: true}); err == nil {
			t.Errorf("a logout token passes as %s", typ)
		}
	}
	now := w.now().Unix()
	idToken, err := w.signer.Sign(t.Context(), "ES256", signing.TypIDToken, map[string]any{
		"iss": issuer, "aud": "bakery", "sub": person.Subject, "iat": now, "exp": now + 300, "sid": session.ID, "nonce": "n",
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.verifier("bakery", "ES256").VerifyLogout(t.Context(), idToken); err == nil {
		t.Error("an ID token logs out")
	}
	if _, err := w.verifier("shop", "ES256").VerifyLogout(t.Context(), token); err == nil {
		t.Error("another client takes it")
	}
}

// Threat 57: what stands in the database chooses neither where a token goes nor whom it
// names; and neither tokens nor subjects are in the log or the rows.
func TestThreat57NothingLeaksOrIsSteered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, status(http.StatusBadGateway))
	for _, payload := range []string{`{}`, `[]`, `{"sid":"x"}`, `{"sid":1}`} {
		j := queue.Job{ID: login.NewID(), Kind: queue.KindLogout + "bakery", Payload: []byte(payload), At: w.now(), CreatedAt: w.now()}
		if err := w.store.Operations.AddJobs(t.Context(), j); err != nil {
			t.Fatal(err)
		}
		w.runner.Wake()
		w.wantEnd(jobs.Buried)
	}
	if n := len(w.tokens()); n != 0 {
		t.Errorf("%d tokens sent", n)
	}
	session, person := w.session("bakery")
	w.end(session)
	w.wantEnd(jobs.Retried)
	for _, canary := range []string{w.tokens()[0], person.Subject, w.receiver.URL} {
		if strings.Contains(w.log.String(), canary) {
			t.Errorf("the log holds %s", canary)
		}
	}
	held, err := w.store.Operations.ClaimJobs(t.Context(), []queue.Claim{{Kind: queue.KindLogout + "bakery", Limit: 1, Until: w.now()}}, w.now().Add(time.Hour))
	if err != nil || len(held) != 1 {
		t.Fatal(held, err)
	}
	if row := fmt.Sprintf("%+v %s", held[0], held[0].Payload); strings.Contains(row, w.tokens()[0]) {
		t.Errorf("the token is kept: %s", row)
	}
}

// A signer that cannot sign is a try like any other.
func TestUnsigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t, status(http.StatusOK))
	c, _ := w.clients.Get("bakery")
	err := w.sender.deliver(t.Context(), broken{}, c, queue.Job{Payload: []byte(`{"sid":"` + login.NewID() + `"}`)})
	if err == nil || len(w.tokens()) != 0 {
		t.Errorf("%v, %d tokens", err, len(w.tokens()))
	}
}

type broken struct{}

func (broken) Sign(context.Context, string, string, any) (string, error) { return "", errPayload }
