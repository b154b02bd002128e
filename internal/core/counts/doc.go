// Package counts counts how logins end, without making any login wait: in memory, and
// every few seconds added to the database, where the counts of all nodes come together.
// A node that crashes loses what it has counted since: at most [FlushEvery]. A node that
// stops adds it on the way out.
//
// A bank fails by what the service itself saw of it, never by what a browser brings
// ([broker.Seen]): the counts are what the public status page and the alerts stand on.
//
// The rhythm ([Regularly]) is also for what others count beside the logins.
//
// Beside how often something worked or failed it counts for how many people: each once an
// hour, because alerts must not stand on what one person can do a thousand times.
//
// It owns what is counted by what, and the promise that the number of values is bounded,
// although some of them (versions of apps, browsers) come from outside. It writes
// nothing about any person. Why a login ended is package diagnosis's to say; what the
// counts mean, whether they are fewer than usual, package alerting'. The metrics of one
// process (package telemetry) are another thing: these here outlive it.
package counts
