package mail_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"

	"avain/internal/platform/bcp195/bcp195test"
	avainmail "avain/internal/platform/mail"
	"avain/internal/testkit/patience"
)

func TestMailServersMeetBCP195(t *testing.T) {
	t.Parallel()
	for security, before := range map[avainmail.Security]func(net.Conn) error{avainmail.TLS: nil, avainmail.STARTTLS: startTLS} {
		t.Run(string(security), func(t *testing.T) {
			t.Parallel()
			bcp195test.Client(t, before, func(address string) {
				_, port, err := net.SplitHostPort(address)
				if err != nil {
					t.Fatal(err)
				}
				number, err := strconv.Atoi(port)
				if err != nil {
					t.Fatal(err)
				}
				m := through(t, avainmail.Server{Host: "localhost", Port: number, Security: security, Timeout: patience.Limit()})
				if err := m.Check(t.Context()); err == nil {
					t.Error("a mail server without a handshake")
				}
			})
		})
	}
}

// startTLS is all that a mail server says before TLS (RFC 3207 §4): a greeting, what it
// can do, and that TLS may begin.
func startTLS(conn net.Conn) error {
	lines := bufio.NewReader(conn)
	for _, asked := range []struct{ says, awaits string }{
		{"220 localhost ESMTP\r\n", "EHLO "}, {"250-localhost\r\n250 STARTTLS\r\n", "STARTTLS"},
	} {
		if _, err := io.WriteString(conn, asked.says); err != nil {
			return err
		}
		if line, err := lines.ReadString('\n'); err != nil || !strings.HasPrefix(line, asked.awaits) {
			return fmt.Errorf("%q, want %s: %w", line, asked.awaits, err)
		}
	}
	_, err := io.WriteString(conn, "220 go on\r\n")
	return err
}
