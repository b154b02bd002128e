package mail_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"avain/internal/platform/mail"
	"avain/internal/secret"
	"avain/internal/testkit/patience"
)

func newPassword() secret.Text { return secret.Of("canary-mail-password") }

// harmless sees that an error can be logged: it names nobody and no secret.
func harmless(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, canary := range []string{"aino", "virtanen", "@", "canary", "token"} {
		if strings.Contains(strings.ToLower(err.Error()), canary) {
			t.Errorf("the error shows %q: %v", canary, err)
		}
	}
}

// oldServer is a server of 1982 (RFC 821): it knows neither EHLO nor any extension,
// so no 8BITMIME, SMTPUTF8 or enhanced codes. It answers the goodbye with an error.
func oldServer(t *testing.T) (mail.Server, func() []string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var lines []string
	var serving sync.WaitGroup
	serving.Go(func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = fmt.Fprint(conn, "220 old.example ready\r\n")
		inLetter := false
		for in := bufio.NewScanner(conn); in.Scan(); {
			line := in.Text()
			mu.Lock()
			lines = append(lines, line)
			mu.Unlock()
			answer := "250 ok"
			switch {
			case inLetter && line != ".":
				continue
			case inLetter:
				inLetter = false
			case strings.HasPrefix(line, "EHLO"):
				answer = "502 not implemented"
			case line == "DATA":
				answer, inLetter = "354 go on", true
			case line == "QUIT":
				answer = "500 never heard of it"
			}
			_, _ = fmt.Fprint(conn, answer+"\r\n")
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		serving.Wait()
	})
	port := listener.Addr().(*net.TCPAddr).Port
	return mail.Server{Host: "localhost", Port: port, Security: mail.None, Timeout: patience.Limit()}, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), lines...)
	}
}

func TestServerWithoutExtensions(t *testing.T) {
	t.Parallel()
	settings, seen := oldServer(t)
	letter := invitation()
	data := letter.Data.(mail.Invitation)
	data.Benefits = append(data.Benefits, strings.Repeat("ä", 99))
	letter.Data = data
	if err := through(t, settings).Send(t.Context(), letter); err != nil {
		t.Fatalf("a letter that was taken counts, whatever the goodbye is answered with: %v", err)
	}
	for i, line := range seen() {
		if strings.ContainsFunc(line, func(r rune) bool { return r > '~' }) {
			t.Errorf("line %d is not ASCII: %q", i, line)
		}
		if len(line) > 998 {
			t.Errorf("line %d has %d characters (RFC 5322 §2.1.1)", i, len(line))
		}
		if strings.HasPrefix(line, "MAIL") && strings.Contains(line, " BODY") || strings.Contains(line, "SMTPUTF8") {
			t.Errorf("uses what the server does not offer: %q", line)
		}
	}
}
