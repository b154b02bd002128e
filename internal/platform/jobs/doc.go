// Package jobs works on the jobs that the store keeps: it claims what is due, calls
// the handler of its kind, and finishes, repeats or buries the job by what the handler
// answers.
//
// It owns the rules: how many of a kind run at once, how long a claim lasts and how it
// is renewed, how long to wait before the next try, when to give up, what happens to a
// handler that panics, hangs or is interrupted. A job is begun at least once, on any
// node; a handler makes the second time harmless, by an id that its receiver knows
// again or by finishing the job in the transaction that holds its effect
// ([ErrFinished]).
//
// It does not own the rows: ordering a job and claiming it are package store's. What a
// kind of job does lives with its worker (packages mail, webhook, …); package app
// brings handler and runner together. Purging and counting what is due belong to
// housekeeping, metrics to package telemetry.
package jobs
