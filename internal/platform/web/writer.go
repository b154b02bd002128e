package web

import "net/http"

// writer counts what goes out and knows whether the answer has begun.
type writer struct {
	http.ResponseWriter
	status  int
	bytes   int64
	started bool
}

// tracked wraps w unless it is wrapped already.
func tracked(w http.ResponseWriter) *writer {
	if t, ok := w.(*writer); ok {
		return t
	}
	return &writer{ResponseWriter: w, status: http.StatusOK}
}

// WriteHeader implements [http.ResponseWriter].
func (t *writer) WriteHeader(status int) {
	if status >= 200 && !t.started {
		t.status, t.started = status, true
	}
	t.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (t *writer) Write(b []byte) (int, error) {
	t.started = true
	n, err := t.ResponseWriter.Write(b)
	t.bytes += int64(n)
	return n, err
}

// Unwrap lets [http.ResponseController] reach the connection: flushing, deadlines.
func (t *writer) Unwrap() http.ResponseWriter { return t.ResponseWriter }
