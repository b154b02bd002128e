package config

import (
	"reflect"
	"strings"
)

// ParseDuration and FormatDuration are tested against each other.
var (
	ParseDuration  = parseDuration
	FormatDuration = formatDuration
)

// DocumentationGaps compares the fields with their documentation.
func DocumentationGaps() (missing, stale []string) {
	fields := map[string]bool{}
	collect(reflect.TypeFor[Config](), "", fields, &missing)
	for path := range brokerDocs() {
		if !fields[path] {
			stale = append(stale, path)
		}
	}
	return missing, stale
}

func collect(t reflect.Type, path string, fields map[string]bool, missing *[]string) {
	for _, f := range fieldsOf(t) {
		below := join(path, f.key)
		fields[below] = true
		_, inTable := brokerDocs()[below]
		if f.doc == "" && !inTable {
			*missing = append(*missing, below)
		}
		field := t.FieldByIndex(f.index).Type
		for field.Kind() == reflect.Pointer || field.Kind() == reflect.Slice {
			field = field.Elem()
		}
		if isSection(field) && !strings.HasSuffix(below, "proxies") {
			collect(field, below, fields, missing)
		}
	}
}
