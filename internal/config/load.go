package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"avain/internal/domain/exact"

	"github.com/goccy/go-yaml/ast"
)

// maxFile bounds what is read: a device or a wrong file must not fill the memory.
const maxFile = 256 << 10

// Load reads the configuration file at path. Secrets come from the files and the
// environment variables that it names; environ has the form of [os.Environ].
// Relative paths in the file start from the file's own folder.
//
// The error is a [Problems] that lists every mistake. A configuration with
// mistakes is never returned.
func Load(path string, environ []string) (Config, error) {
	text, err := readText(path)
	if err != nil {
		return Config{}, Problems{{Message: fmt.Sprintf("%s: %s", path, err)}}
	}
	return Parse(text, filepath.Dir(path), environ)
}

// Parse is Load for a file that has been read already; dir is the folder that
// relative paths start from.
func Parse(text []byte, dir string, environ []string) (Config, error) {
	c := defaultIn(dir)
	n := &notes{lines: map[string]int{}}
	d := decoder{notes: n, dir: dir, anchors: map[string]ast.Node{}}
	d.decode(text, &c)
	// A file that could not be read as YAML says nothing: to call all that is then
	// missing a mistake would bury the one that counts.
	if len(n.lines) > 0 {
		r := reader{notes: n, environ: environ}
		r.secrets(&c)
		r.clientFiles(&c)
		r.webhookSecrets(c.Webhooks)
		v := validator{notes: n}
		v.config(&c)
	}
	if len(n.problems) > 0 {
		return Config{}, n.problems.inOrder()
	}
	c.Warnings = n.warnings.inOrder()
	return c, nil
}

// defaultIn is Default with the default files in the folder of the configuration.
func defaultIn(dir string) Config {
	c := Default()
	for _, path := range []*string{&c.Database.Path, &c.Keys.PRFKeysetFile, &c.Keys.AEADKeysetFile, &c.Keys.SecretFile} {
		*path = filepath.Join(dir, *path)
	}
	return c
}

// readFile reads a small file. Its errors say what is wrong without repeating the
// path, which the caller knows, and never any content.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the files; nobody else can
	if err != nil {
		return nil, fileError(err)
	}
	defer func() { _ = f.Close() }() // read only: nothing can be lost
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fileError(err)
	}
	if len(text) > maxFile {
		return nil, errors.New("is larger than 256 kB")
	}
	return text, nil
}

// readText is readFile for what people write with an editor, which may begin with a mark of
// its own. Secrets are taken byte by byte.
func readText(path string) ([]byte, error) {
	file, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return exact.Text(file)
}

func fileError(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("there is no such file")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("may not be read by this user")
	default:
		if pathError, ok := errors.AsType[*fs.PathError](err); ok {
			return pathError.Err
		}
		return err
	}
}

// lookupEnv finds a variable in environ. The last one wins, as in a shell.
func lookupEnv(environ []string, name string) (string, bool) {
	for _, e := range slices.Backward(environ) {
		if value, ok := strings.CutPrefix(e, name+"="); ok {
			return value, true
		}
	}
	return "", false
}
