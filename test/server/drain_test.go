package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"avain/internal/testkit/demo"
	"avain/internal/testkit/patience"
)

// A node that stops says so before it stops answering, and healthz still says that
// it lives.
func TestDrainingNodeIsNotReady(t *testing.T) {
	t.Parallel()
	d, err := demo.Start(t.Context(), demo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	ask := func(path string) (int, map[string]any) {
		w := httptest.NewRecorder()
		d.Inside.Admin.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		var body map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatalf("%s: %v: %s", path, err, w.Body)
		}
		return w.Code, body
	}
	patience.Until(t, "it is ready", func() bool { status, _ := ask("/readyz"); return status == http.StatusOK })
	d.Inside.Drain()
	if status, body := ask("/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("draining: %d %v", status, body)
	}
	if status, body := ask("/healthz"); status != http.StatusOK {
		t.Errorf("healthz while draining: %d %v", status, body)
	}
}
