package passhash

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // the format of the list; nothing is protected by it
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"

	"avain/internal/secret"
)

// Leaked is a list of leaked passwords: a text file with one SHA-1 hash per line, in
// hexadecimal, in order, each perhaps with ":" and a count behind it: what the
// downloader of Have I Been Pwned makes. It is searched where it lies.
type Leaked struct {
	file *os.File
	size int64
}

// maxLine bounds a line: 40 digits, a count, CR LF.
const maxLine = 64

// OpenLeaked opens a list and looks whether it is one. It stays open.
func OpenLeaked(path string) (*Leaked, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	l := &Leaked{file: f, size: info.Size()}
	for _, at := range []int64{0, l.size / 3, l.size * 2 / 3} {
		if _, err := l.lineAfter(at); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
		}
	}
	return l, nil
}

// Has reports whether the password is in the list.
func (l *Leaked) Has(_ context.Context, password secret.Text) (bool, error) {
	sum := sha1.Sum([]byte(password.Reveal())) //nolint:gosec // see above
	want := []byte(hex.EncodeToString(sum[:]))
	var failed error
	// The first place behind which a line is not before the one that is looked for.
	at := sort.Search(int(l.size), func(at int) bool {
		line, err := l.lineAfter(int64(at))
		if err != nil && failed == nil {
			failed = err
		}
		return err != nil || line == nil || bytes.Compare(line, want) >= 0
	})
	if failed != nil {
		return false, failed
	}
	line, err := l.lineAfter(int64(at))
	return bytes.Equal(line, want), err
}

// Close closes the file.
func (l *Leaked) Close() error { return l.file.Close() }

var errList = errors.New("not a list of SHA-1 hashes, one per line, in order")

// lineAfter reads the hash of the first line that begins at the place or behind it;
// nil at the end.
func (l *Leaked) lineAfter(at int64) ([]byte, error) {
	from := max(at-1, 0)
	buffer := make([]byte, 2*maxLine+1)
	n, err := l.file.ReadAt(buffer, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	buffer = buffer[:n]
	if at > 0 {
		end := bytes.IndexByte(buffer, '\n')
		if end < 0 {
			if from+int64(n) >= l.size {
				return nil, nil // inside the last line
			}
			return nil, errList
		}
		buffer = buffer[end+1:]
	}
	if len(buffer) == 0 {
		return nil, nil
	}
	if len(buffer) < hex.EncodedLen(sha1.Size) {
		return nil, errList
	}
	line := bytes.ToLower(buffer[:hex.EncodedLen(sha1.Size)])
	if _, err := hex.Decode(make([]byte, sha1.Size), line); err != nil {
		return nil, errList
	}
	return line, nil
}
