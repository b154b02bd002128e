// Package apikey knows who calls the admin API: it makes keys, exchanges and ends them,
// and finds the key of a request.
//
// It owns the form of a key (avk_ and 256 random bits, of which the database holds a
// hash), the limit of requests per key, and what a key may be given. It does not own
// what an operation needs: packages adminapi and scim say which scope.
package apikey
