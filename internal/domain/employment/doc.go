// Package employment holds what belongs to employers: their records of people, what they
// say of them, invitations, imports, and the activation that binds a record to a human.
//
// It decides only what a record says after a change ([Employment.With]). Who may bind whom
// is decided in core/people; how a file is read, in core/provisioning.
package employment
