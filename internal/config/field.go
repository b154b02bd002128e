package config

import (
	"reflect"
	"strings"
)

// field is one key of a section, as the struct declares it.
type field struct {
	key     string
	doc     string // one or two sentences for the example
	example string // what the example shows when there is neither a value nor a default
	index   []int
}

// fieldsOf lists the keys that a struct accepts, in the order of the file.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for _, f := range reflect.VisibleFields(t) {
		key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if !f.IsExported() || f.Anonymous || key == "" || key == "-" {
			continue
		}
		out = append(out, field{key: key, doc: f.Tag.Get("doc"), example: f.Tag.Get("example"), index: f.Index})
	}
	return out
}

// suggestion names the field that was probably meant, or lists what there is.
func suggestion(name string, fields []field) string {
	best, distance := "", 3
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
		if n := editDistance(name, f.key); n < distance {
			best, distance = f.key, n
		}
	}
	if best != "" {
		return "; did you mean " + best + "?"
	}
	return "; known here: " + strings.Join(keys, ", ")
}

// editDistance counts the insertions, deletions and replacements between two short
// words (Levenshtein). Long input is not worth the time: it is not a typing mistake.
func editDistance(a, b string) int {
	if len(a) > 40 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
