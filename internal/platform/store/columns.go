package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"avain/internal/secret"
)

// millis is how a time is stored: 0 for "not set".
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// timeColumn reads a time.
type timeColumn struct{ to *time.Time }

func (c timeColumn) Scan(src any) error {
	ms, ok := src.(int64)
	if !ok {
		return fmt.Errorf("time column holds %T", src)
	}
	*c.to = fromMillis(ms)
	return nil
}

// hash is how a hash is stored: NULL for "no such secret", so that no look-up with
// a zero hash can find the rows that have none.
func hash(h secret.Hash) any {
	if h.Zero() {
		return nil
	}
	return h[:]
}

// hashColumn reads a hash. It refuses anything but all 32 bytes.
type hashColumn struct{ to *secret.Hash }

func (c hashColumn) Scan(src any) error {
	*c.to = secret.Hash{}
	if src == nil {
		return nil
	}
	b, ok := src.([]byte)
	if !ok || len(b) != len(c.to) {
		return fmt.Errorf("hash column does not hold %d bytes", len(c.to))
	}
	copy(c.to[:], b)
	return nil
}

// text is how a text is stored. PostgreSQL refuses NUL and malformed UTF-8, SQLite
// takes them: both get the replacement character, so that no input is a server
// error on one database and data on the other.
func text(s string) string {
	if storable(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// storable reports whether text keeps s as it is. A look-up for anything else
// finds nothing.
func storable(s string) bool {
	return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0
}

// asJSON is how a list, a map or a struct of plain fields is stored.
func asJSON(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode column: %w", err)
	}
	return string(b), nil
}

// jsonColumn reads what asJSON wrote.
type jsonColumn struct{ to any }

func (c jsonColumn) Scan(src any) error {
	var b []byte
	switch v := src.(type) {
	case string:
		b = []byte(v)
	case []byte:
		b = v
	default:
		return fmt.Errorf("JSON column holds %T", src)
	}
	if err := json.Unmarshal(b, c.to); err != nil {
		return fmt.Errorf("decode column: %w", err)
	}
	return nil
}
