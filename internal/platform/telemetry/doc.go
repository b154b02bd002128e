// Package telemetry tells the operator how the service is doing: metrics, traces,
// logs and health.
//
// It owns the names of all metrics and their labels, and the promise that their
// number is bounded: a label's value is a word of ours (a state, a reason, a route
// pattern, an id from the configuration), never something that a caller sent. It
// owns the set-up of the process's log and of the trace exporter, the handlers
// /metrics, /healthz and /readyz, and what makes a node ready: that it can write a
// login, and that its clock agrees with those of the others ([Pulse]).
//
// It does not own what is observed: features and mechanisms call the hooks that
// package app connects to it. The request record is package web's, the timeline of
// an attempt package attempt's.
package telemetry
