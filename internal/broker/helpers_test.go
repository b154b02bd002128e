package broker

import (
	"net/http"
	"strings"
)

func jsonHandler(status int, body any) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) { answerJSON(rw, status, body) }
}

func textHandler(status int, body string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.WriteHeader(status)
		_, _ = rw.Write([]byte(body))
	}
}

func cutQuery(raw string) (before, after string, found bool) { return strings.Cut(raw, "?") }

func containsText(s, part string) bool { return strings.Contains(s, part) }
