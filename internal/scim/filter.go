package scim

import (
	"encoding/json"
	"strings"
)

// Filter is what a directory looks for. Empty fields choose nothing out.
type Filter struct{ After, Email, UserName, ExternalID string }

// maxFilter bounds a filter, in bytes.
const maxFilter = 1000

// ParseFilter reads the part of RFC 7644 §3.4.2.2 that directories use to find somebody:
// attribute eq "value", several of them with and between. Everything else is refused
// with invalidFilter, and never answered as if it had chosen.
func ParseFilter(text string) (Filter, error) {
	var f Filter
	if len(text) > maxFilter {
		return f, badFilter()
	}
	for rest := strings.TrimSpace(text); ; {
		attribute, value, after, ok := comparison(rest)
		if !ok {
			return Filter{}, badFilter()
		}
		field := f.field(attribute)
		if field == nil || value == "" || *field != "" && *field != value {
			return Filter{}, badFilter()
		}
		*field = value
		if rest = strings.TrimLeft(after, " "); rest == "" {
			return f, nil
		}
		word, next, _ := strings.Cut(rest, " ")
		if !strings.EqualFold(word, "and") {
			return Filter{}, badFilter()
		}
		rest = strings.TrimLeft(next, " ")
	}
}

func (f *Filter) field(attribute string) *string {
	attribute = strings.ToLower(attribute)
	switch strings.TrimPrefix(attribute, strings.ToLower(schemaUser)+":") {
	case "username":
		return &f.UserName
	case "emails", "emails.value":
		return &f.Email
	case "externalid":
		return &f.ExternalID
	default:
		return nil
	}
}

// comparison reads attribute eq "value" and answers what stands behind it.
func comparison(s string) (attribute, value, rest string, ok bool) {
	attribute, s, ok = strings.Cut(s, " ")
	if !ok {
		return "", "", "", false
	}
	operator, s, ok := strings.Cut(strings.TrimLeft(s, " "), " ")
	if !ok || !strings.EqualFold(operator, "eq") {
		return "", "", "", false
	}
	s = strings.TrimLeft(s, " ")
	if !strings.HasPrefix(s, `"`) {
		return "", "", "", false
	}
	decoder := json.NewDecoder(strings.NewReader(s)) // the value is a JSON string
	if err := decoder.Decode(&value); err != nil {
		return "", "", "", false
	}
	return attribute, value, s[decoder.InputOffset():], true
}

func badFilter() error {
	return bad("invalidFilter", `The filter must be of the form userName eq "…", emails.value eq "…" or externalId eq "…".`)
}
