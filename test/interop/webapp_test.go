package interop_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"avain/internal/domain/queue"
	"avain/internal/testkit/patience"
	"avain/internal/testkit/robot"
)

// webApp is a web server that lets people in with a standard client.
type webApp struct {
	command func(*testing.T, *site) *exec.Cmd
	first   []string                                           // what a person presses there before they come to us
	who     func(*testing.T, *site, *robot.Browser) claims     // as whom it knows the person who is logged in
	renew   func(*testing.T, *site, *robot.Browser) claims     // the same after it has renewed its tokens; nil: it never does
	logout  func(*testing.T, *site, *robot.Browser) robot.Page // must end on a page that says bye
	told    bool                                               // hears of sessions that have ended
}

// claims are what a client has learnt about a person.
type claims map[string]any

// tryWebApp logs in to the web app twice and out once between.
func tryWebApp(app webApp) func(*testing.T, *site) {
	return func(t *testing.T, s *site) {
		s.serve(t, app.command(t, s))
		b := webBrowser(t)
		way := append(slices.Clone(app.first), atBank...)
		page := walk(t, b, s.base+"/", way)
		if page.Status != http.StatusOK {
			t.Fatalf("came back to %s: %d\n%s", page.URL, page.Status, page.Body)
		}
		before := app.who(t, s, b)
		if before["sub"] == nil || before["sub"] == "" {
			t.Fatal("the client does not know who it is")
		}
		if app.renew != nil {
			if again := app.renew(t, s, b); again["sub"] != before["sub"] {
				t.Errorf("after a refresh the person is %v, not %v", again["sub"], before["sub"])
			}
		}
		if app.told {
			s.endSessions(t, before["sub"])
			walk(t, b, s.base+"/", way) // fails when the app does not ask for a login now
			if again := app.who(t, s, b); again["sub"] != before["sub"] {
				t.Errorf("after being told the person is %v, not %v", again["sub"], before["sub"])
			}
		}
		if page := app.logout(t, s, b); page.Status != http.StatusOK || !strings.Contains(page.Body, "bye") {
			t.Fatalf("logged out to %s: %d\n%s", page.URL, page.Status, page.Body)
		}
		walk(t, b, s.base+"/", way) // fails when the app does not ask for a login now
		if after := app.who(t, s, b); after["sub"] != before["sub"] {
			t.Errorf("after the next login the person is %v, not %v", after["sub"], before["sub"])
		}
	}
}

// endSessions ends the sessions of a person, as somebody of the staff may, and returns when
// their client has taken the logout token (OpenID Connect Back-Channel Logout).
func (s *site) endSessions(t *testing.T, sub any) {
	t.Helper()
	person, err := s.Inside.Store.People.PersonBySubject(t.Context(), fmt.Sprint(sub))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := s.Inside.Store.Sessions.RevokeSessionsOfPerson(t.Context(), person.ID, "staff", time.Now()); n != 1 || err != nil {
		t.Fatalf("%d sessions ended, %v", n, err)
	}
	patience.Until(t, "the client has been told", func() bool {
		s.Inside.Jobs.Wake()
		depths, err := s.Inside.Store.Operations.JobDepths(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return !slices.ContainsFunc(depths, func(d queue.Depth) bool { return d.Kind == queue.KindLogout+"shop" })
	})
}

// serve runs the web app until the test ends, and returns when it listens.
func (s *site) serve(t *testing.T, run *exec.Cmd) {
	t.Helper()
	run.Env = append(os.Environ(), append(run.Env, "PORT="+s.port, "SETTINGS="+s.settings)...)
	log, err := os.Create(filepath.Join(s.folder, "log"))
	if err != nil {
		t.Fatal(err)
	}
	run.Stdout, run.Stderr = log, log
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- run.Wait() }()
	t.Cleanup(func() {
		_ = run.Process.Signal(syscall.SIGTERM) // it may have ended by itself
		select {
		case <-ended:
		case <-patience.Over():
			t.Errorf("%s does not end", run.Path)
			_ = run.Process.Kill()
		}
		_ = log.Close() // nothing of ours to lose
		if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("%s:\n%s", filepath.Base(run.Path), text[max(0, len(text)-16000):])
		}
	})
	patience.Until(t, filepath.Base(run.Path)+" listens", func() bool {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s stopped before it listened: %v", run.Path, err)
		default:
		}
		connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", "localhost:"+s.port)
		if err == nil {
			_ = connection.Close()
		}
		return err == nil
	})
}

// readJSON opens a page that shows JSON.
func readJSON(t *testing.T, b *robot.Browser, address string) claims {
	t.Helper()
	page, err := b.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	var shown claims
	if err := json.Unmarshal([]byte(page.Body), &shown); err != nil || page.Status != http.StatusOK {
		t.Fatalf("%s: %d %v\n%s", page.URL, page.Status, err, page.Body)
	}
	return shown
}

// tryProgram logs in with a program that speaks with its test (node/talk.mjs).
func tryProgram(command func(*testing.T) *exec.Cmd) func(*testing.T, *site) {
	return func(t *testing.T, s *site) {
		got := accompany(t, runProgram(t, t.Name(), command(t), map[string]string{
			"settings": s.settings, "issuer": s.Service, "client_id": "shop", "client_secret": siteSecret,
			"redirect_uri": s.base + "/callback", "post_logout_redirect_uri": s.base + "/bye",
		}), browser(t, s.base))
		mustBe(t, got, s.Service)
	}
}
