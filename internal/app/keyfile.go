package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// replaceFile puts a new text in the place of a file's, whole or not at all: whoever reads it,
// after a power cut too, finds the one or the other. The new file belongs to whom the old one
// belonged, and nobody else reads it who could not read that.
func replaceFile(path string, text []byte) error {
	path, err := filepath.EvalSymlinks(path) // the file, not the link to it
	if err != nil {
		return err
	}
	like, err := os.Stat(path)
	if err != nil {
		return err
	}
	return writeLike(path, text, like)
}

// backUp keeps a file as it is under another name, in the place of an older backup.
func backUp(path, name string) error {
	like, err := os.Stat(path)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path) //nolint:gosec // G304: the operator's configuration names it
	if err != nil {
		return err
	}
	return writeLike(name, text, like)
}

func writeLike(path string, text []byte, like fs.FileInfo) (err error) {
	dir := filepath.Dir(path)
	draft, err := os.CreateTemp(dir, ".keys-*") // 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ignoreGone(os.Remove(draft.Name()))) }()
	_, err = draft.Write(text)
	if err = errors.Join(err, keepOwner(draft, like), draft.Chmod(0o600|like.Mode().Perm()&0o040), draft.Sync(), draft.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(draft.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes the new name last: a key that a power cut takes away is gone for good.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // G304: where the key file is
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// errChanging says that another process changes keys in the same folder.
var errChanging = errors.New("another avain keys rotate is at work in this folder")
