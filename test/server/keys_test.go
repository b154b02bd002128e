package server_test

import (
	"database/sql"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"avain/internal/app"
	"avain/internal/config"
	"avain/internal/platform/keyset"
	"avain/internal/secret"
	"avain/internal/testkit/patience"

	_ "github.com/jackc/pgx/v5/stdlib" // between two beats only the database can forget a node
)

// A node that could not reach the database while a key was changed comes back with the old
// one alone. It must not serve, because to it known people are strangers, and it says why.
func TestThreat62NodeThatWasAwayIsNotReady(t *testing.T) {
	t.Parallel()
	var c config.Config
	r := newRig(t, onPostgres(t, &c))
	ready := func() (int, string) {
		w := httptest.NewRecorder()
		r.Inside.Admin.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		return w.Code, w.Body.String()
	}
	patience.Until(t, "it is ready", func() bool { status, _ := ready(); return status == http.StatusOK })

	// The other node's file: this one never gets it. For the database it is the same as if
	// this node had been away for half a minute, after which nobody waits for it.
	c.Keys.PRFKeysetFile = filepath.Join(t.TempDir(), "prf.json")
	if err := os.WriteFile(c.Keys.PRFKeysetFile, []byte(c.Keys.PRFKeyset.Reveal()), 0o600); err != nil {
		t.Fatal(err)
	}
	rotate := func() app.KeyChange {
		t.Helper()
		change, err := app.RotateKey(t.Context(), c, "prf", app.RotateHow{}, app.Deps{Log: slog.New(slog.DiscardHandler), Now: r.clock.now})
		if err != nil {
			t.Fatal(err)
		}
		return change
	}
	rotate()
	if change := rotate(); change.Step != app.StepAdded || change.Ready != 0 || change.Nodes != 1 {
		t.Fatalf("a running node is not waited for: %+v", change)
	}
	if status, body := ready(); status != http.StatusOK {
		t.Fatalf("a new key that nobody uses: %s", body)
	}
	db, err := sql.Open("pgx", c.Database.Connection.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	patience.Until(t, "the new key is used", func() bool { // between two beats of the node
		if _, err := db.ExecContext(t.Context(), "DELETE FROM nodes"); err != nil {
			t.Fatal(err)
		}
		return rotate().Step == app.StepUsed
	})
	patience.Until(t, "it is not ready", func() bool { status, _ := ready(); return status == http.StatusServiceUnavailable })
	if _, body := ready(); !strings.Contains(body, `"keys":{"ok":false`) || !strings.Contains(body, `"database":{"ok":true`) {
		t.Errorf("it says %s", body)
	}
}

// While the shared secret is replaced a login walks over nodes of both generations, at every
// step, and nobody notices: nonces, codes, tokens and cookies of either are good on both.
func TestThreat63LoginOverTwoGenerations(t *testing.T) {
	t.Parallel()
	var c config.Config
	change := func(do func([]byte) ([]byte, error), text secret.Text) secret.Text {
		t.Helper()
		next, err := do([]byte(text.Reveal()))
		if err != nil {
			t.Fatal(err)
		}
		return secret.Of(string(next))
	}
	base := onPostgres(t, &c)
	r := newRig(t, func(in *config.Config) {
		in.Keys.Secret = change(keyset.ChangeSecret.Add, in.Keys.Secret)
		base(in)
	})
	uses := c
	uses.Keys.Secret = change(keyset.ChangeSecret.Use, c.Keys.Secret)
	old, fresh := r.app.HTTP.Transport, node(t, r, uses)
	for _, nodes := range [][2]http.RoundTripper{{old, fresh}, {fresh, old}} {
		one, other := nodes[0], nodes[1]
		r.app.HTTP.Transport, r.browser.HTTP.Transport = one, other
		l := r.start()
		page := r.press(r.open(l), "kuikka", "aino")
		r.browser.HTTP.Transport = one
		page = r.press(page, "Vahvista")
		r.app.HTTP.Transport = other
		tokens, err := r.app.Finish(t.Context(), l, page.App)
		if err != nil {
			t.Fatal(err)
		}
		r.app.HTTP.Transport = one
		if _, err := r.app.UserInfo(t.Context(), tokens.AccessToken); err != nil {
			t.Error(err)
		}
		if _, err := r.app.Refresh(t.Context(), tokens.RefreshToken); err != nil {
			t.Error(err)
		}
	}
}
