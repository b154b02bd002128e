// Package openapi is what oapi-codegen makes of ../openapi.yaml: the types and the
// routes of the admin API. It is in the tree because a plain go build needs it; a test
// makes it again and compares.
//
// It decides nothing: what an operation does is package api's.
package openapi

//go:generate go tool -modfile=../../../../tools/go.mod oapi-codegen -config config.yaml ../openapi.yaml
