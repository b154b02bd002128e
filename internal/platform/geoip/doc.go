// Package geoip says coarsely where a network address is: town and country, for the
// page on which a person decides whether a login is theirs.
//
// It reads a database in the MMDB format that the operator keeps (GeoLite2 City, DB-IP
// City Lite and the like), and takes it anew when the file has changed. Nothing finer
// than a town is ever read from it, and no address is kept. Without a database nobody
// is anywhere, and the pages leave the line out.
//
// Which address a request comes from is known to package web; what is done with the
// place, to package attempt.
package geoip
