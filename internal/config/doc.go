// Package config reads the one YAML file that describes an installation.
//
// It owns the shape of the file, its defaults, and the promise that a mistake is
// found before the service starts: an unknown field is an error, and [Load] lists
// every mistake at once, each with the path and line of the field and what to do.
// Secrets never stand in the file; it names the file or environment variable that
// holds each, and they come back as [secret.Text], which does not print itself.
//
// It does not build anything from what it read (package app does), and it does not
// know what a broker's settings mean: package broker checks those, and this package
// says where in the file they stand.
package config
