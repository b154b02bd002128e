// Package staff holds the people who work in the console: their roles, passkeys,
// invitations and sessions. Nothing leads from them to a person who logs in.
package staff
