// Package api is what the systems of the operator and of employers talk to: JSON
// over HTTP, as openapi.yaml says, under /v1 on the admin listener.
//
// It owns the operations, which scope each needs, that a key sees its own employers only
// (threat 25), requests that may be sent again (Idempotency-Key), and streams of people.
//
// It does not own keys (package apikey), what a field may hold and files of people
// (package provisioning), what a record means (package people), or the other protocol for the
// same thing (package scim). Subpackage openapi is generated from openapi.yaml.
package api
