package link

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"avain/internal/domain/login"
	"avain/internal/domain/reasons"
)

// No address makes a page of ours say what we have no word for, or that all went well.
func TestAddressesSayOnlyKnownFailures(t *testing.T) {
	t.Parallel()
	for _, reason := range login.Reasons() {
		want := reason
		if reasons.Of(reason).Fault == reasons.FaultNobody {
			want = login.ReasonAttemptEnded
		}
		if got := knownReason(string(reason)); got != want {
			t.Errorf("%s is shown as %s", reason, got)
		}
	}
	for _, s := range []string{"", "x", "<script>"} {
		if got := knownReason(s); got != login.ReasonAttemptEnded {
			t.Errorf("%q is shown as %s", s, got)
		}
	}
}

func TestLinksOfTheAppAreNoScripts(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"smartumpay://return?code=x": "smartumpay://return?code=x", "https://app.example/return": "https://app.example/return",
		"javascript:alert(1)": "", "JavaScript:alert(1)": "", "": "",
	} {
		if got := appLink(address); string(got) != want {
			t.Errorf("%q becomes %q", address, got)
		}
	}
}

func TestDigitsAreTwoGroups(t *testing.T) {
	t.Parallel()
	for digits, want := range map[string][2]string{"471108": {"471", "108"}, "": {}, "47110": {}, "4711080": {}} {
		if got := [2]string{first(digits), last(digits)}; got != want {
			t.Errorf("%s: %v", digits, got)
		}
	}
}

// Where a login stands that waits for the person, or whose code has gone out.
func TestWhereAWaitingLoginIsShown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		state  login.State
		method login.Method
		path   string
	}{
		{login.StateAuthenticated, login.MethodLink, "confirm"},
		{login.StateConfirmed, login.MethodLink, "digits"},
		{login.StateAuthenticated, login.MethodDirect, "confirm"},
		{login.StateConfirmed, login.MethodDirect, "confirm"},
	} {
		w := httptest.NewRecorder()
		err := new(Feature).Show(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody), login.Attempt{ID: "a", State: c.state, Method: c.method})
		if err != nil || w.Header().Get("Location") != "/login/a/"+c.path {
			t.Errorf("%s of %s: %q, %v", c.state, c.method, w.Header().Get("Location"), err)
		}
	}
}
