package main

import (
	"fmt"
	"runtime"

	"avain/internal/wire"
)

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(t terminal) error {
	_, err := fmt.Fprintf(t.out, "avain %s (%s %s/%s)\n", wire.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
