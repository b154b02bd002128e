// Package crowd keeps the number of unfinished logins within bounds, and the flood of one
// network from becoming everybody's: each network has its share, which gets smaller as
// the total grows, and a client that has proved who it is a share of its own.
//
// It owns who may begin one more login, and in whose place. It remembers counts that it
// reads from the database every two seconds and what this node has begun since, so that a
// start asks the database nothing; several nodes overshoot by what they begin in that
// time. How often anybody may ask is the limits' (package web); what may be ended to make
// room, package attempt's; why so, docs/decisions/0023.
package crowd
