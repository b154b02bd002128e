package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/testkit/patience"
)

// A node alone whose clock is not the database's is not ready. Two that agree with each
// other are: it is the database's clock that is off.
func TestNodesAgreeOnTheTime(t *testing.T) {
	t.Parallel()
	var c config.Config
	r := newRig(t, onPostgres(t, &c))
	ready := func() (int, string) {
		w := httptest.NewRecorder()
		r.Inside.Admin.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		return w.Code, w.Body.String()
	}
	become := func(want int, what string) {
		t.Helper()
		patience.Until(t, fmt.Sprintf("it answers %d %s", want, what), func() bool {
			status, _ := ready()
			return status == want
		})
	}
	become(http.StatusOK, "to begin with")
	r.clock.pass(5 * time.Second)
	become(http.StatusServiceUnavailable, "alone, five seconds ahead of the database")
	if _, body := ready(); !strings.Contains(body, `"clock":{"ok":false`) || !strings.Contains(body, `"database":{"ok":true`) {
		t.Errorf("alone: %s", body)
	}
	node(t, r, c)
	become(http.StatusOK, "with another node that agrees")
}
