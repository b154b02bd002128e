package scim

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// parts are the attributes that an answer shall have, or not (RFC 7644 §3.9), in lower case.
type parts struct{ only, without []string }

func partsOf(query url.Values) (parts, error) {
	split := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
	}
	return newParts(split(query.Get("attributes")), split(query.Get("excludedAttributes")))
}

func newParts(only, without []string) (parts, error) {
	if len(only) > 0 && len(without) > 0 {
		return parts{}, bad("invalidValue", "Of attributes and excludedAttributes, one may be given.")
	}
	var p parts
	for _, name := range only {
		p.only = append(p.only, coreless(strings.ToLower(name)))
	}
	for _, name := range without {
		p.without = append(p.without, coreless(strings.ToLower(name)))
	}
	return p, nil
}

// of is a resource in those parts. What it is and which one is always told.
func (p parts) of(resource any) (any, error) {
	if len(p.only) == 0 && len(p.without) == 0 {
		return resource, nil
	}
	text, err := json.Marshal(resource)
	if err != nil {
		return nil, err
	}
	var all map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	for name, value := range all {
		if name == "id" || name == "schemas" {
			continue
		}
		if kept := p.within(strings.ToLower(name), value); kept != nil {
			all[name] = kept
		} else {
			delete(all, name)
		}
	}
	return all, nil
}

// within is what is left of a value; nil: nothing. The name is its path.
func (p parts) within(path string, value any) any {
	if slices.Contains(p.without, path) {
		return nil
	}
	whole, some := len(p.only) == 0, false
	for _, name := range p.only {
		whole = whole || name == path
		some = some || strings.HasPrefix(name, path+".")
	}
	switch v := value.(type) {
	case map[string]any:
		if !whole && !some {
			return nil
		}
		for name, one := range v {
			inner := p
			if whole {
				inner.only = nil
			}
			if kept := inner.within(path+"."+strings.ToLower(name), one); kept != nil {
				v[name] = kept
			} else {
				delete(v, name)
			}
		}
		if len(v) > 0 {
			return v
		}
	case []any:
		var kept []any
		for _, one := range v {
			if k := p.within(path, one); k != nil {
				kept = append(kept, k)
			}
		}
		if len(kept) > 0 {
			return kept
		}
	default:
		if whole {
			return v
		}
	}
	return nil
}
