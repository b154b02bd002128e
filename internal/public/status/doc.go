// Package status serves the public page that says whether logging in works: each method
// and each bank, now and over the last ninety days, from real attempts.
//
// It owns what is called up, disturbed and down (docs/operations.md says the same) and
// shows states only, never a number: nobody can be found in it. It counts nothing
// (package counts), compares nothing (package alerting) and switches nothing (package
// appgate). What agents see of the same counts is the console's overview.
package status
