package config

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// exampleWidth is where comments are broken, in characters.
const exampleWidth = 88

// exampleWriter prints a configuration with the documentation of its fields.
type exampleWriter struct {
	out  strings.Builder
	seen map[string]bool // paths documented: the second client need not explain itself again
}

// field writes one field and what is below it. standard is its default.
func (w *exampleWriter) field(f field, path string, value, standard reflect.Value, indent string) {
	value, standard = concrete(value), concrete(standard)
	first := !w.seen[path]
	w.seen[path] = true
	set := !reflect.DeepEqual(value.Interface(), standard.Interface())
	if !first && !set {
		return
	}
	doc, example := f.doc, f.example
	if known, ok := brokerDocs()[path]; ok {
		doc, example = known.doc, known.example
	}
	if first {
		w.comment(doc, indent)
	}
	switch {
	case isSection(value.Type()):
		fmt.Fprintf(&w.out, "%s%s:\n", indent, f.key)
		for _, below := range fieldsOf(value.Type()) {
			w.field(below, join(path, below.key), value.FieldByIndex(below.index), standard.FieldByIndex(below.index), indent+"  ")
		}
	case isSectionList(value.Type()) && value.Len() > 0:
		fmt.Fprintf(&w.out, "%s%s:\n", indent, f.key)
		for i := range value.Len() {
			w.element(path, value.Index(i), indent+"  ")
		}
	case set:
		fmt.Fprintf(&w.out, "%s%s: %s\n", indent, f.key, inline(value))
	case standard.IsZero() && example != "":
		fmt.Fprintf(&w.out, "%s#%s: %s\n", indent, f.key, example)
	default:
		fmt.Fprintf(&w.out, "%s#%s: %s\n", indent, f.key, inline(standard))
	}
}

// element writes one section of a list. The dash takes the place of the two spaces
// before the first key that is not a comment.
func (w *exampleWriter) element(path string, value reflect.Value, indent string) {
	body := exampleWriter{seen: w.seen}
	standard := reflect.Zero(value.Type())
	for _, f := range fieldsOf(value.Type()) {
		body.field(f, join(path, f.key), value.FieldByIndex(f.index), standard.FieldByIndex(f.index), indent+"  ")
	}
	dashed := false
	for line := range strings.Lines(body.out.String()) {
		if !dashed && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			line = indent + "- " + strings.TrimPrefix(line, indent+"  ")
			dashed = true
		}
		w.out.WriteString(line)
	}
}

// comment writes prose, broken into lines.
func (w *exampleWriter) comment(text, indent string) {
	line := indent + "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > exampleWidth {
			w.out.WriteString(line + "\n")
			line = indent + "#"
		}
		line += " " + word
	}
	if line != indent+"#" {
		w.out.WriteString(line + "\n")
	}
}

// concrete follows a pointer; a nil one gives the zero value.
func concrete(v reflect.Value) reflect.Value {
	if v.Kind() != reflect.Pointer {
		return v
	}
	if v.IsNil() {
		return reflect.Zero(v.Type().Elem())
	}
	return v.Elem()
}

func isSection(t reflect.Type) bool { return t.Kind() == reflect.Struct && !isScalar(t) }

func isSectionList(t reflect.Type) bool { return t.Kind() == reflect.Slice && isSection(t.Elem()) }

// inline writes a value on one line.
func inline(v reflect.Value) string {
	switch {
	case v.Type() == durationType:
		return formatDuration(time.Duration(v.Int()))
	case v.Kind() == reflect.Slice:
		items := make([]string, v.Len())
		for i := range items {
			items[i] = inline(v.Index(i))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case v.Kind() == reflect.Map:
		var items []string
		for _, key := range v.MapKeys() {
			items = append(items, inline(key)+": "+inline(v.MapIndex(key)))
		}
		slices.Sort(items)
		return "{" + strings.Join(items, ", ") + "}"
	}
	if m, ok := reflect.TypeAssert[encoding.TextMarshaler](v); ok {
		text, err := m.MarshalText()
		if err != nil {
			panic("config: a default that does not print: " + err.Error()) // a programming error, found by the test of the example
		}
		return quoted(string(text))
	}
	return quoted(fmt.Sprint(v.Interface()))
}

// quoted puts quotes around what YAML would read as something else than a string.
func quoted(s string) string {
	if s == "" || strings.ContainsAny(s, "#{}[],&*!|>'\"%@`") || strings.Contains(s, ": ") || strings.HasPrefix(s, "-") || strings.HasPrefix(s, ":") {
		return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"`
	}
	return s
}
