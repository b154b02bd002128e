package telemetry

import "sync"

const (
	maxWords   = 100 // values of one label; more means that something unbounded got in
	maxWordLen = 64
	other      = "other"
)

// words bounds the values of labels. What callers pass comes from closed lists and
// from the configuration; this is the belt to those braces, because one label that
// a stranger can choose would fill the memory of this process and of Prometheus.
type words struct {
	mu   sync.Mutex
	seen map[string]map[string]bool // label → its values
}

// known gives the value back, or "other" when the label has too many already or the
// value is not a word.
func (w *words) known(label, value string) string {
	if len(value) > maxWordLen {
		return other
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	values := w.seen[label]
	switch {
	case values[value]:
		return value
	case len(values) >= maxWords:
		return other
	}
	if w.seen == nil {
		w.seen = map[string]map[string]bool{}
	}
	if values == nil {
		values = map[string]bool{}
		w.seen[label] = values
	}
	values[value] = true
	return value
}
