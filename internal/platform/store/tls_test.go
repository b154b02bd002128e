package store

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"testing"

	"avain/internal/platform/bcp195/bcp195test"
	"avain/internal/secret"
)

// Whatever the connection string says about certificates, and whichever of its hosts it is.
func TestPostgresMeetsBCP195(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{
		"host=%[1]s port=%[2]s sslmode=require", "host=%[1]s port=%[2]s sslmode=verify-full",
		"postgres://u@%[1]s:%[2]s/avain?sslmode=prefer", "host=127.0.0.1,%[1]s port=1,%[2]s sslmode=require",
	} {
		bcp195test.Client(t, sslRequest, func(address string) {
			host, port, err := net.SplitHostPort(address)
			if err != nil {
				t.Fatal(err)
			}
			if db, err := openPostgres(t.Context(), Config{DSN: secret.Of(fmt.Sprintf(dsn, host, port)), Conns: 1}, slog.New(slog.DiscardHandler)); err == nil {
				t.Error("a database without a handshake", db.pool.Close())
			}
		})
	}
}

// sslRequest reads what a client says before TLS and lets it go on (PostgreSQL, "SSL
// Session Encryption").
func sslRequest(conn net.Conn) error {
	asked := make([]byte, 8)
	if _, err := io.ReadFull(conn, asked); err != nil {
		return err
	}
	if !bytes.Equal(asked, []byte{0, 0, 0, 8, 4, 210, 22, 47}) {
		return fmt.Errorf("no SSLRequest: % x", asked)
	}
	_, err := conn.Write([]byte{'S'})
	return err
}
