//go:build !unix

package app

import (
	"io/fs"
	"os"
)

// maxFiles is 0: this system has no such limit, or does not say.
func maxFiles() int { return 0 }

// keepOwner does nothing: files belong to whoever may open the folder.
func keepOwner(*os.File, fs.FileInfo) error { return nil }

// lockDir does nothing: who changes keys here must not do so twice at once.
func lockDir(string) (unlock func() error, err error) { return func() error { return nil }, nil }
