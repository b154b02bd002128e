package main

import (
	"fmt"
	"runtime"

	"avain/internal/wire"
)

type versionCommand struct{ jsonFlag }

// Help is shown by avain version --help.
func (versionCommand) Help() string {
	return `Prints which program this is, and by which Go it was built; avain --version is the same.

  avain version --json`
}

// versionOut is the version in JSON.
type versionOut struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

// Run prints the version.
func (c versionCommand) Run(t terminal) error {
	if c.JSON {
		return printJSON(t.out, versionOut{wire.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH})
	}
	_, err := fmt.Fprintf(t.out, "avain %s (%s %s/%s)\n", wire.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
