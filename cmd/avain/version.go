package main

import (
	"runtime"

	"avain/internal/app"
)

type versionCommand struct{}

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
func (versionCommand) Run(t terminal) error {
	v := versionOut{app.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH}
	return t.say(v, "avain %s (%s %s/%s)", v.Version, v.Go, v.OS, v.Arch)
}
