package fault

import "strings"

// FieldError is one wrong field of something that came in. Detail says what to write
// instead, in English, and never repeats what stood there.
type FieldError struct {
	Field  string
	Detail string
}

// FieldErrors are all of them. As a cause of an [Error] they reach whoever sent it.
type FieldErrors []FieldError

func (all FieldErrors) Error() string {
	parts := make([]string, len(all))
	for i, m := range all {
		parts[i] = m.Field + " " + m.Detail
	}
	return strings.Join(parts, "; ")
}
