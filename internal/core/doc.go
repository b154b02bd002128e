// Package core is the folder of what is true: attempt (a login, from its start to its
// tokens), people (who somebody is), provisioning (what employers say of people), notices,
// availability (which methods there are for whom), counts (how logins go), alerting (when
// that is worse than usual) and diagnosis (why a login failed).
//
// Rooms do not import each other, but for counts, which reads diagnosis, and know no HTTP
// end point. They declare the store that they need; package store keeps it.
package core
