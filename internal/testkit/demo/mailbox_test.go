package demo

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"avain/internal/platform/mail"
	"avain/internal/testkit/patience"
)

// post runs a mailbox and a sender that reaches it.
func post(t *testing.T, folder string) (*Mailbox, *mail.Mailer) {
	t.Helper()
	box, err := newMailbox(folder, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	box.start(listener)
	t.Cleanup(func() {
		ctx, cancel := patience.Within(context.Background())
		defer cancel()
		if err := box.close(ctx); err != nil {
			t.Error(err)
		}
	})
	m, err := mail.New(mail.Config{
		BaseURL: &url.URL{Scheme: "http", Host: "localhost:8080"}, Brand: mail.Brand{Name: "SmartumPay"},
		Server: mail.Server{Host: "localhost", Port: listener.Addr().(*net.TCPAddr).Port, Security: mail.None, Timeout: patience.Limit()},
		From:   "SmartumPay <noreply@smartumpay.example>", Bounce: "bounces+{id}@smartumpay.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	return box, m
}

func sample(to string) mail.Message {
	m := mail.Samples("http://localhost:8080", "fi")[0].Message
	m.To = to
	return m
}

func TestMailboxKeepsLetters(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	box, m := post(t, folder)
	if err := m.Send(t.Context(), sample("aino@example.com")); err != nil {
		t.Fatal(err)
	}
	mails, err := box.Wait(t.Context(), "AINO@example.com", 1)
	if err != nil || len(mails) != 1 {
		t.Fatalf("%d letters, %v", len(mails), err)
	}
	got := mails[0]
	if got.Subject != "Esimerkki Oy: aktivoi SmartumPlus-etusi" || got.To != "aino@example.com" || got.MessageID != "sample-invitation-plus@smartumpay.example" ||
		len(got.Links) != 1 || got.Links[0] != "http://localhost:8080/activate#sample" || !strings.Contains(got.HTML, "<h1") {
		t.Errorf("%+v", got)
	}
	again, err := newMailbox(folder, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if kept := again.Mails(""); len(kept) != 1 || kept[0].Subject != got.Subject || kept[0].To != got.To || kept[0].Text != got.Text {
		t.Errorf("after a restart: %+v", kept)
	}
}

// A demo that is closed as soon as it has begun, or while a letter comes, does not race.
func TestMailboxEndsAtAnyMoment(t *testing.T) {
	t.Parallel()
	for range 100 {
		box, err := newMailbox("", nil, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "localhost:0")
		if err != nil {
			t.Fatal(err)
		}
		box.start(listener)
		var coming sync.WaitGroup
		coming.Go(func() {
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listener.Addr().String())
			if err == nil { // else it came too late
				_ = conn.Close()
			}
		})
		if err := box.close(t.Context()); err != nil {
			t.Fatal(err)
		}
		coming.Wait()
	}
}

func TestMailboxForgetsTheOldest(t *testing.T) {
	t.Parallel()
	box, err := newMailbox(t.TempDir(), nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for range keptMails + 3 {
		if err := box.keep("a@example.com", "b@example.com", []byte("Subject: x\r\n\r\ny\r\n")); err != nil {
			t.Fatal(err)
		}
	}
	mails := box.Mails("")
	if len(mails) != keptMails || mails[0].ID != 4 {
		t.Errorf("%d letters from %d on", len(mails), mails[0].ID)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	box, _ := post(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := box.Wait(ctx, "nobody@example.com", 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestMailboxMisbehaves(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		to          string
		first       mail.Refused // zero: taken
		broken      bool         // the connection, at the first try
		again       bool         // taken at the second try
		lettersKept int
	}{
		{to: "aino@example.com", again: true, lettersKept: 2},
		{to: "refused@example.com", first: mail.Refused{Part: mail.PartRecipient, Code: 550, Enhanced: "5.1.1", Permanent: true}},
		{to: "full+x@example.com", first: mail.Refused{Part: mail.PartRecipient, Code: 452, Enhanced: "4.2.2"}},
		{to: "greylist@example.com", first: mail.Refused{Part: mail.PartRecipient, Code: 451, Enhanced: "4.7.1"}, again: true, lettersKept: 1},
		{to: "Rejected@example.com", first: mail.Refused{Part: mail.PartMessage, Code: 554, Enhanced: "5.7.1", Permanent: true}},
		{to: "dropped@example.com", broken: true, again: true, lettersKept: 1},
		{to: "lost@example.com", broken: true, again: true, lettersKept: 2},
	} {
		t.Run(c.to, func(t *testing.T) {
			t.Parallel()
			box, m := post(t, "")
			err := m.Send(t.Context(), sample(c.to))
			var refused *mail.Refused
			switch {
			case c.first.Code != 0:
				if !errors.As(err, &refused) {
					t.Fatalf("got %v", err)
				}
				refused.Text = ""
				if *refused != c.first {
					t.Errorf("got %+v, want %+v", *refused, c.first)
				}
			case c.broken:
				if err == nil || errors.As(err, &refused) {
					t.Errorf("got %v, want a broken connection", err)
				}
			case err != nil:
				t.Error(err)
			}
			if err := m.Send(t.Context(), sample(c.to)); (err == nil) != c.again {
				t.Errorf("second try: %v", err)
			}
			if got := box.Mails(c.to); len(got) != c.lettersKept {
				t.Errorf("%d letters, want %d", len(got), c.lettersKept)
			}
		})
	}
}

// The report that comes back is one that the service understands.
func TestMailboxBounces(t *testing.T) {
	t.Parallel()
	box, m := post(t, "")
	if err := m.Send(t.Context(), sample("bounce@example.com")); err != nil {
		t.Fatal(err)
	}
	mails := box.Mails("")
	if len(mails) != 2 {
		t.Fatalf("%d letters, want the letter and the report", len(mails))
	}
	got, err := m.ParseBounce(strings.NewReader(string(mails[1].Raw)))
	if err != nil || got.ID != "sample-invitation-plus" || !got.Permanent || got.Status != "5.1.1" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestBehaveDecides(t *testing.T) {
	t.Parallel()
	box, m := post(t, "")
	box.Behave(func(string, int) Behaviour { return Refuses })
	if err := m.Send(t.Context(), sample("aino@example.com")); !mail.Permanent(err) {
		t.Errorf("got %v", err)
	}
}

func TestMailboxPages(t *testing.T) {
	t.Parallel()
	box, m := post(t, "")
	if err := m.Send(t.Context(), sample("aino@example.com")); err != nil {
		t.Fatal(err)
	}
	hostile := "Subject: <script>alert(1)</script>\r\nContent-Type: text/html\r\n\r\n<head></head><script>alert(1)</script><img src=//evil.example/x>\r\n"
	if err := box.keep("x@example.com", "<b>@example.com", []byte(hostile)); err != nil {
		t.Fatal(err)
	}
	pages := box.pages("http://localhost:8080", m)
	get := func(path string) (*httptest.ResponseRecorder, string) {
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return w, w.Body.String()
	}
	for path, c := range map[string]struct {
		status    int
		says      string
		policy    string
		mediaType string
	}{
		"/":                          {200, "Esimerkki Oy: aktivoi SmartumPlus-etusi", "default-src 'none'", "text/html"},
		"/mails/1":                   {200, `sandbox="allow-popups allow-popups-to-escape-sandbox"`, "default-src 'none'", "text/html"},
		"/mails/1/html":              {200, `<base target="_blank">`, "sandbox allow-popups", "text/html"},
		"/mails/2/html":              {200, "<script>", "default-src 'none'", "text/html"},
		"/mails/1/source":            {200, "Message-ID: <sample-invitation-plus@smartumpay.example>", "default-src 'none'", "text/plain"},
		"/mails/9":                   {404, "", "", "text/plain"},
		"/mails/x/html":              {404, "", "", "text/plain"},
		"/style.css":                 {200, "color-scheme", "", "text/css"},
		"/samples":                   {200, "/samples/sv/invitation-smartum", "default-src 'none'", "text/html"},
		"/samples/sv/password-reset": {200, "Byt lösenord", "sandbox", "text/html"},
		"/samples/en/new-login.txt":  {200, "Subject: New login to SmartumPay", "default-src 'none'", "text/plain"},
		"/samples/de/new-login":      {404, "", "", "text/plain"},
		"/samples/fi/nothing":        {404, "", "", "text/plain"},
	} {
		response, body := get(path)
		if response.Code != c.status || !strings.Contains(body, c.says) || !strings.HasPrefix(response.Header().Get("Content-Type"), c.mediaType) ||
			!strings.Contains(response.Header().Get("Content-Security-Policy"), c.policy) || response.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", path, response.Code, response.Header())
		}
	}
	if _, body := get("/"); strings.Contains(body, "<script>") || strings.Contains(body, "<b>@") {
		t.Error("a letter writes the mailbox's page")
	}
	_, body := get("/mails.json?to=aino@example.com")
	var listed []Mail
	if err := json.Unmarshal([]byte(body), &listed); err != nil || len(listed) != 1 || len(listed[0].Links) != 1 {
		t.Errorf("%v in %s", err, body)
	}
	if _, body := get("/mails.json?to=nobody@example.com"); strings.TrimSpace(body) != "[]" {
		t.Errorf("no letters are %q", body)
	}
}
