package login

import "strings"

// Mistake is one wrong field of something that came in. Detail says what to write
// instead, in English, and never repeats what stood there.
type Mistake struct {
	Field  string
	Detail string
}

// Mistakes are all of them. As a cause of an [Error] they reach whoever sent it.
type Mistakes []Mistake

func (all Mistakes) Error() string {
	parts := make([]string, len(all))
	for i, m := range all {
		parts[i] = m.Field + " " + m.Detail
	}
	return strings.Join(parts, "; ")
}
