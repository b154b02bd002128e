// Package connlimit bounds the connections of people and apps, in all and for each
// network, before anything is read from them: a connection on which a request trickles in
// costs its sender nothing and this node 21 KB, or a file descriptor at least (threat 53).
//
// It owns which connection may stay: it counts them from the moment that they are
// accepted, knows on which of them the service is at work, and closes others to make
// room, those first whose end costs nobody anything. It never closes one on which a whole
// request is being worked on.
//
// Apps that wait for news of their logins are counted by package firstparty, which bounds
// them; here they only hold file descriptors. How long a request may take to come in is
// the server's (cmd/avain), how often anybody may ask, the limits' (package web), what a
// network is, package crowd's. Why so: docs/decisions/0029.
package connlimit
