package web

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"strconv"

	"avain/internal/domain/fault"
)

// WriteJSON answers with a JSON document that nobody may store (RFC 6749 §5.1). A
// value that cannot be encoded is answered with 500 and no body. A handler that
// publishes something public (keys, metadata) sets its own Content-Type or
// Cache-Control before; they are kept.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(true) // a browser that sniffs in spite of nosniff finds no tag
	if err := enc.Encode(v); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	h := w.Header()
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
	}
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the caller has gone; there is nobody left to tell
}

// problemDocument is RFC 9457 with members of ours.
type problemDocument struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail"`
	Parameter string `json:"parameter,omitempty"`
	Reason    string `json:"reason"`
	Support   string `json:"support_code"`
}

func (k *Kit) problem(w http.ResponseWriter, r *http.Request, e *fault.Error, status int) {
	retryAfter(w.Header(), e)
	w.Header().Set("Content-Type", "application/problem+json")
	doc := problemDocument{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: Description(e),
		Reason: string(e.Reason), Support: SupportCode(r.Context()),
	}
	if e.Param != "" {
		doc.Parameter = paramName(e.Param)
	}
	WriteJSON(w, status, doc)
}

// retryAfter says when to come back, in whole seconds, rounded up so that a caller
// who obeys is not refused once more.
func retryAfter(h http.Header, e *fault.Error) {
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64(math.Ceil(e.RetryAfter.Seconds())), 10))
	}
}
