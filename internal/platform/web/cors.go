package web

import (
	"net/http"
	"slices"
	"strings"
)

// CORS lets apps on other web origins call a protocol endpoint and read its
// answers (Fetch standard). The origin must match exactly; no cookie is ever
// allowed along, so an allowed origin can do nothing that a native app could not.
//
// origins must answer for every origin of every client, not of the one that calls:
// a preflight does not say who that is.
func CORS(origins func(origin string) bool, h http.Handler, methods ...string) http.Handler {
	allowed := strings.Join(methods, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		header := w.Header()
		header.Add("Vary", "Origin") // caches must not serve one origin's answer to another
		known := origin != "" && origin != "null" && origins(origin)
		if known {
			header.Set("Access-Control-Allow-Origin", origin)
			header.Set("Access-Control-Expose-Headers", "Date, DPoP-Nonce, WWW-Authenticate, Retry-After")
			header.Set("Cross-Origin-Resource-Policy", "cross-origin")
		}
		if r.Method != http.MethodOptions {
			h.ServeHTTP(w, r)
			return
		}
		header.Set("Allow", allowed+", OPTIONS")
		if known && slices.Contains(methods, r.Header.Get("Access-Control-Request-Method")) {
			header.Set("Access-Control-Allow-Methods", allowed)
			header.Set("Access-Control-Allow-Headers", "Authorization, DPoP, Content-Type")
			header.Set("Access-Control-Max-Age", "600")
			header.Add("Vary", "Access-Control-Request-Method")
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

// MountCORS mounts a protocol endpoint for the methods and for preflights.
func MountCORS(mux *http.ServeMux, path string, origins func(origin string) bool, h http.Handler, methods ...string) {
	shared := CORS(origins, h, methods...)
	mux.Handle(http.MethodOptions+" "+path, shared)
	for _, m := range methods {
		mux.Handle(m+" "+path, shared)
	}
}
