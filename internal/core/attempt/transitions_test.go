package attempt_test

import (
	"slices"
	"strings"
	"testing"

	"avain/internal/core/attempt"
	"avain/internal/domain/login"

	"pgregory.net/rapid"
)

// paths are the lines of protocol.md, letter by letter: the model that the picture
// must agree with.
var paths = map[login.Method]string{
	login.MethodDirect:      "created → opened → authenticated → confirmed → redeemed",
	login.MethodLink:        "created → opened → authenticated → confirmed → redeemed",
	login.MethodQR:          "created → claimed → approved → redeemed",
	login.MethodCredentials: "created → verified → redeemed",
}

// names says which event leads into a state.
var names = map[attempt.Event]login.State{
	attempt.Open: login.StateOpened, attempt.Authenticate: login.StateAuthenticated,
	attempt.Confirm: login.StateConfirmed, attempt.Scan: login.StateClaimed,
	attempt.Allow: login.StateApproved, attempt.Verify: login.StateVerified,
	attempt.Redeem: login.StateRedeemed, attempt.Recode: login.StateConfirmed,
	attempt.Deny: login.StateDenied, attempt.Expire: login.StateExpired,
	attempt.Burn: login.StateBurned, attempt.Fail: login.StateFailed,
}

// model answers from the text alone.
func model(method login.Method, state login.State, event attempt.Event) (login.State, bool) {
	path := strings.Split(paths[method], " → ")
	at, to := slices.Index(path, string(state)), names[event]
	over := slices.Contains([]string{"redeemed", "denied", "expired", "burned", "failed"}, string(state))
	switch {
	case over:
		return state, false
	case slices.Contains([]string{"denied", "expired", "burned", "failed"}, string(to)):
		return to, true // "any → denied | expired | burned | failed"
	case event == attempt.Recode: // another code changes no state
		return state, at >= 0 && (state == login.StateConfirmed || state == login.StateApproved)
	case at >= 0 && at+1 < len(path) && path[at+1] == string(to):
		return to, true
	case at >= 0 && event == attempt.Open && state == login.StateOpened:
		return to, true // back to the list of banks, and another one
	default:
		return state, false
	}
}

func TestPictureAgreesWithProtocol(t *testing.T) {
	t.Parallel()
	drawn := 0
	for _, method := range login.Methods() {
		for _, state := range login.States() {
			for _, event := range attempt.Events() {
				// A state that is not on a method's path, such as claimed in a direct login, is
				// never entered; ending it would still be right.
				to, ok := attempt.Next(method, state, event)
				wantTo, want := model(method, state, event)
				if ok != want || ok && to != wantTo {
					t.Errorf("%s: %s in %s leads to %s (%v), want %s (%v)", method, event, state, to, ok, wantTo, want)
				}
				if ok {
					drawn++
				}
			}
		}
	}
	if drawn == 0 {
		t.Fatal("no arrow at all")
	}
}

// Whatever happens in whatever order, an attempt only moves forward, ends once, and
// is redeemed only past the state in which its method issues codes.
func TestAttemptsOnlyMoveForward(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		method := rapid.SampledFrom(login.Methods()).Draw(t, "method")
		path := strings.Split(paths[method], " → ")
		state, last := login.StateCreated, 0
		for _, event := range rapid.SliceOfN(rapid.SampledFrom(attempt.Events()), 0, 30).Draw(t, "events") {
			next, ok := attempt.Next(method, state, event)
			if !ok {
				if next != state {
					t.Fatalf("%s was refused and still moved %s to %s", event, state, next)
				}
				continue
			}
			if state.Over() {
				t.Fatalf("%s moved an attempt that was %s", event, state)
			}
			if at := slices.Index(path, string(next)); at >= 0 {
				if at < last || at > last+1 {
					t.Fatalf("%s jumped from %s to %s", event, state, next)
				}
				last = at
			}
			state = next
		}
		if state == login.StateRedeemed && last != len(path)-1 {
			t.Fatalf("redeemed without walking the path %s", paths[method])
		}
	})
}

func TestUnknownMethodDoesNothing(t *testing.T) {
	t.Parallel()
	for _, state := range login.States() {
		for _, event := range attempt.Events() {
			if to, ok := attempt.Next("carrier-pigeon", state, event); ok {
				t.Errorf("%s in %s leads to %s", event, state, to)
			}
		}
	}
}
