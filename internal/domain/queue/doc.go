// Package queue holds the nouns of the queue of jobs: a job, a claim to some, how many wait.
// It lies below the other nouns because logins, people and erasures order jobs in the
// transaction that causes them.
//
// Package platform/jobs works on the queue; a job's kind and payload live with its worker.
package queue
