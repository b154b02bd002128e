package mail_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"avain/internal/platform/mail"
	"avain/internal/testkit/loopback"
	"avain/internal/testkit/patience"

	"github.com/emersion/go-smtp"
)

func TestLetterArrives(t *testing.T) {
	t.Parallel()
	valid := ca(t).certificate(t, "localhost", time.Now().Add(time.Hour))
	for _, c := range []struct {
		name      string
		security  mail.Security
		cert      *tls.Certificate
		mechanism string
	}{
		{"no TLS on this machine", mail.None, nil, ""},
		{"STARTTLS", mail.STARTTLS, &valid, ""},
		{"TLS from the first byte", mail.TLS, &valid, ""},
		{"STARTTLS and PLAIN", mail.STARTTLS, &valid, "PLAIN"},
		{"TLS and PLAIN", mail.TLS, &valid, "PLAIN"},
		{"STARTTLS and LOGIN", mail.STARTTLS, &valid, "LOGIN"},
		{"TLS and LOGIN", mail.TLS, &valid, "LOGIN"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := &server{}
			if c.mechanism != "" {
				s.user, s.password, s.mechanisms = "avain", "correct horse", []string{c.mechanism}
			}
			m := through(t, s.listen(t, c.security, c.cert))
			if err := m.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := m.Send(t.Context(), invitation()); err != nil {
				t.Fatal(err)
			}
			got := s.taken()
			if len(got) != 1 || got[0].to != "aino.virtanen@example.net" || s.mechanism != c.mechanism {
				t.Fatalf("%d letters, log-in by %q", len(got), s.mechanism)
			}
			if id, err := m.ParseBounce(strings.NewReader(reportTo(got[0].from))); err != nil || id.ID != letterID {
				t.Errorf("the envelope's sender %q does not name the letter: %v", got[0].from, err)
			}
		})
	}
}

// Nothing leaves over a way that is not the one that was configured.
func TestUntrustedServersGetNothing(t *testing.T) {
	t.Parallel()
	valid := ca(t).certificate(t, "localhost", time.Now().Add(time.Hour))
	foreign := ca(t).certificate(t, "mail.example.org", time.Now().Add(time.Hour))
	expired := ca(t).certificate(t, "localhost", time.Now().Add(-time.Hour))
	for _, c := range []struct {
		name     string
		security mail.Security
		cert     *tls.Certificate
		change   func(*mail.Server)
	}{
		{"STARTTLS is stripped", mail.STARTTLS, nil, nil},
		{"another host's certificate, STARTTLS", mail.STARTTLS, &foreign, nil},
		{"another host's certificate, TLS", mail.TLS, &foreign, nil},
		{"expired certificate", mail.STARTTLS, &expired, nil},
		{"unknown authority, STARTTLS", mail.STARTTLS, &valid, func(s *mail.Server) { s.RootCAs = nil }},
		{"unknown authority, TLS", mail.TLS, &valid, func(s *mail.Server) { s.RootCAs = nil }},
		{"clear text where TLS is expected", mail.None, nil, func(s *mail.Server) { s.Security = mail.TLS }},
		{"no log-in offered", mail.STARTTLS, &valid, func(s *mail.Server) { s.User, s.Password = "avain", newPassword() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := &server{}
			settings := s.listen(t, c.security, c.cert)
			settings.Timeout = 2 * time.Second
			if c.change != nil {
				c.change(&settings)
			}
			err := through(t, settings).Send(t.Context(), invitation())
			if err == nil || mail.Permanent(err) {
				t.Errorf("got %v, want a failure that can be tried again", err)
			}
			if s.senders() > 0 || len(s.taken()) > 0 {
				t.Error("the server was told about a letter")
			}
			harmless(t, err)
		})
	}
}

func smtpError(code int, enhanced smtp.EnhancedCode, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	quoting := "<aino.virtanen@example.net>: user aino.virtanen unknown, see https://example.org/aino.virtanen"
	for _, c := range []struct {
		name   string
		server *server
		want   mail.Refused
	}{
		{
			"no such person",
			&server{onRcpt: func(string) error { return smtpError(550, smtp.EnhancedCode{5, 1, 1}, quoting) }},
			mail.Refused{Part: mail.PartRecipient, Code: 550, Enhanced: "5.1.1", Permanent: true, Text: "(address): user (name) unknown, see (link)"},
		},
		{
			"greylisted",
			&server{onRcpt: func(string) error { return smtpError(451, smtp.EnhancedCode{4, 7, 1}, "come back later") }},
			mail.Refused{Part: mail.PartRecipient, Code: 451, Enhanced: "4.7.1", Text: "come back later"},
		},
		{
			"no enhanced code",
			&server{onRcpt: func(string) error { return smtpError(550, smtp.NoEnhancedCode, "no") }},
			mail.Refused{Part: mail.PartRecipient, Code: 550, Permanent: true, Text: "no"},
		},
		{
			"sender",
			&server{onMail: func(string) error { return smtpError(553, smtp.EnhancedCode{5, 7, 1}, "not yours") }},
			mail.Refused{Part: mail.PartSender, Code: 553, Enhanced: "5.7.1", Text: "not yours"},
		},
		{
			"letter",
			&server{onData: func(*smtp.Conn, io.Reader) error { return smtpError(554, smtp.EnhancedCode{5, 7, 1}, "spam") }},
			mail.Refused{Part: mail.PartMessage, Code: 554, Enhanced: "5.7.1", Permanent: true, Text: "spam"},
		},
		{
			"letter, later",
			&server{onData: func(*smtp.Conn, io.Reader) error { return smtpError(452, smtp.EnhancedCode{4, 3, 1}, "disk full") }},
			mail.Refused{Part: mail.PartMessage, Code: 452, Enhanced: "4.3.1", Text: "disk full"},
		},
		{
			"going down",
			&server{onRcpt: func(string) error { return smtpError(421, smtp.EnhancedCode{4, 3, 2}, "shutting down") }},
			mail.Refused{Part: mail.PartService, Code: 421, Enhanced: "4.3.2", Text: "shutting down"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := through(t, c.server.listen(t, mail.None, nil)).Send(t.Context(), invitation())
			var got *mail.Refused
			if !errors.As(err, &got) || *got != c.want {
				t.Fatalf("got  %+v\nwant %+v", err, c.want)
			}
			if mail.Permanent(fmt.Errorf("job: %w", err)) != c.want.Permanent {
				t.Error("Permanent says something else")
			}
			harmless(t, err)
			if len(c.server.taken()) > 0 {
				t.Error("the letter was taken")
			}
		})
	}
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	valid := ca(t).certificate(t, "localhost", time.Now().Add(time.Hour))
	s := &server{user: "avain", password: "right", mechanisms: []string{"PLAIN"}}
	settings := s.listen(t, mail.STARTTLS, &valid)
	settings.Password = newPassword()
	err := through(t, settings).Send(t.Context(), invitation())
	var got *mail.Refused
	if !errors.As(err, &got) || got.Part != mail.PartLogin || got.Code != 535 || got.Permanent {
		t.Errorf("got %+v, want the log-in refused for now: the operator can mend it", err)
	}
	harmless(t, err)
}

// An address that no server could take is refused like one by a server.
func TestImpossibleAddresses(t *testing.T) {
	t.Parallel()
	s := &server{}
	m := through(t, s.listen(t, mail.None, nil))
	for _, to := range []string{
		"", "aino", "aino@", "@example.net", "aino@example", "aino@exa mple.net", "aino@@example.net", "äiti@example.net",
		"aino@example.net\r\nRCPT TO:<victim@example.org>", "aino@example.net>", "<aino@example.net>", "Aino <aino@example.net>",
		"aino@example.net, victim@example.org", "\"aino\r\n\"@example.net", `"a b"@example.net`, "aino@[127.0.0.1]", "aino(x)@example.net",
		strings.Repeat("a", 65) + "@example.net", "a@" + strings.Repeat("a.", 130) + "fi", "aino@example.net\x00", " aino@example.net", "aino@-example.net",
	} {
		letter := invitation()
		letter.To = to
		err := m.Send(t.Context(), letter)
		var got *mail.Refused
		if !errors.As(err, &got) || !got.Permanent || got.Part != mail.PartRecipient || got.Code != 553 {
			t.Errorf("%q: got %v", to, err)
		}
		harmless(t, err)
	}
	if s.senders() > 0 {
		t.Error("the server was asked")
	}
	letter := invitation()
	letter.To = "o'brien+lounas@jäätelö.fi"
	if err := m.Send(t.Context(), letter); err != nil || s.taken()[0].to != "o'brien+lounas@xn--jtel-loaa3k.fi" {
		t.Errorf("a domain with letters of its own: %v", err)
	}
}

var errCut = errors.New("cut on purpose")

func TestBrokenConnections(t *testing.T) {
	t.Parallel()
	t.Run("in the middle of the letter", func(t *testing.T) {
		t.Parallel()
		s := &server{onData: func(c *smtp.Conn, r io.Reader) error {
			_, _ = io.CopyN(io.Discard, r, 50)
			return errors.Join(errCut, c.Conn().Close())
		}}
		err := through(t, s.listen(t, mail.None, nil)).Send(t.Context(), invitation())
		if err == nil || mail.Permanent(err) || len(s.taken()) > 0 {
			t.Errorf("got %v and %d letters", err, len(s.taken()))
		}
		harmless(t, err)
	})
	t.Run("after the letter, before the answer", func(t *testing.T) {
		t.Parallel()
		var s *server
		s = &server{onData: func(c *smtp.Conn, r io.Reader) error {
			raw, err := io.ReadAll(r)
			s.mu.Lock()
			s.letters = append(s.letters, letter{raw: raw})
			s.mu.Unlock()
			if len(s.taken()) == 1 {
				return errors.Join(errCut, err, c.Conn().Close())
			}
			return err
		}}
		m := through(t, s.listen(t, mail.None, nil))
		if err := m.Send(t.Context(), invitation()); err == nil || mail.Permanent(err) {
			t.Fatalf("got %v, want a failure that is tried again", err)
		}
		if err := m.Send(t.Context(), invitation()); err != nil {
			t.Fatal(err)
		}
		// The server has it twice, and can tell: both are the same letter.
		got := s.taken()
		if one, two := got[0].parsed(t).Header.Get("Message-Id"), got[1].parsed(t).Header.Get("Message-Id"); one != two || one == "" {
			t.Errorf("Message-IDs %q and %q", one, two)
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		t.Parallel()
		port := loopback.PortFor(t).Number
		err := through(t, mail.Server{Host: "localhost", Port: port, Security: mail.None}).Send(t.Context(), invitation())
		if err == nil || mail.Permanent(err) {
			t.Errorf("got %v", err)
		}
		harmless(t, err)
	})
}

// silent accepts connections and never says a word.
func silent(t *testing.T) mail.Server {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return mail.Server{Host: "localhost", Port: listener.Addr().(*net.TCPAddr).Port, Security: mail.None, Timeout: patience.Limit()}
}

func TestSilentServers(t *testing.T) {
	t.Parallel()
	t.Run("time-out", func(t *testing.T) {
		t.Parallel()
		settings := silent(t)
		settings.Timeout = 50 * time.Millisecond
		if err := through(t, settings).Send(t.Context(), invitation()); err == nil || mail.Permanent(err) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("told to stop before the greeting", func(t *testing.T) {
		t.Parallel()
		stop := errors.New("the service stops")
		ctx, cancel := context.WithCancelCause(t.Context())
		go cancel(stop)
		if err := through(t, silent(t)).Send(ctx, invitation()); !errors.Is(err, stop) {
			t.Errorf("got %v, want the reason of the stop", err)
		}
	})
	t.Run("told to stop in the middle", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan struct{})
		s := &server{onRcpt: func(string) error {
			cancel()
			<-gone
			return nil
		}}
		err := through(t, s.listen(t, mail.None, nil)).Send(ctx, invitation())
		close(gone)
		if !errors.Is(err, context.Canceled) || len(s.taken()) > 0 {
			t.Errorf("got %v", err)
		}
	})
}
