// Package operations holds what those need who run the service: keys of its API and keys
// that sign, switches, notices, counts and alerts, feedback, the entries of the audit log,
// and what a person's erasure takes away.
//
// It owns their shape. What a notice does, when an alert is raised and how the audit log
// is chained is decided in core/notices, core/alerting and platform/audit.
package operations
