// Package admin is the folder of what employers' programs speak to: api (the admin API, from
// its OpenAPI document) and scim (SCIM 2.0).
//
// Both write people through core/people and core/provisioning, and neither imports the other.
// The command line stands in cmd/avain, the staff's pages in console.
package admin
