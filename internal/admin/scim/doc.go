// Package scim is SCIM 2.0 (RFC 7643, RFC 7644) for HR systems and directories: they add
// and end people of one employer under /scim/v2/Users.
//
// It owns SCIM's forms: users, filters, patches, errors. It knows people who have a user
// name; ending one (active=false) ends the employment, and DELETE also gives the names
// back. It invites nobody and gives no benefits: that is package api's, which does
// the same things in a plainer form. What a field may hold is package provisioning's.
package scim
