package scim

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// kind says how the values of an attribute are compared.
type kind int

const (
	text  kind = iota // in any case of letters
	exact             // letter by letter
	truth
	moment
)

// vocabulary names the attributes that a filter may use, in lower case. Others are
// refused and not taken for empty: a directory that looks for somebody by what we do not
// keep must not conclude that there is nobody, and make them again.
type vocabulary map[string]kind

// The attributes of a user, and those of one address.
var (
	userWords = vocabulary{
		"id": exact, "externalid": exact, "username": text, "name.givenname": text, "name.familyname": text, "active": truth,
		"preferredlanguage": text, "emails": text, "emails.value": text, "emails.type": text, "emails.primary": truth,
		"meta.resourcetype": exact, "meta.created": moment, "meta.lastmodified": moment, "schemas": exact,
	}
	emailWords = vocabulary{"value": text, "type": text, "primary": truth}
)

// thing is what a filter is held against.
type thing interface {
	// values are those of an attribute, as string, bool or time.Time. None: it has no value.
	values(attribute string) []any
	// parts are the values of an attribute that has several, each with parts of its own.
	parts(attribute string) []thing
}

// filter chooses (RFC 7644 §3.4.2.2).
type filter interface{ matches(t thing) bool }

type (
	both   struct{ left, right filter }
	either struct{ left, right filter }
	not    struct{ filter }
	// within is emails[…]: one of the values matches the whole of it.
	within struct {
		attribute string
		filter
	}
	comparison struct {
		attribute string
		kind      kind
		operator  string
		value     any // string, bool, time.Time; nil: null
	}
)

func (f both) matches(t thing) bool   { return f.left.matches(t) && f.right.matches(t) }
func (f either) matches(t thing) bool { return f.left.matches(t) || f.right.matches(t) }
func (f not) matches(t thing) bool    { return !f.filter.matches(t) }

func (f within) matches(t thing) bool {
	return slices.ContainsFunc(t.parts(f.attribute), f.filter.matches)
}

func (f comparison) matches(t thing) bool {
	all := t.values(f.attribute)
	switch {
	case f.operator == "pr", f.operator == "ne" && f.value == nil:
		return len(all) > 0
	case f.value == nil:
		return len(all) == 0
	case f.operator == "ne" && len(all) == 0:
		return true
	}
	return slices.ContainsFunc(all, f.holds)
}

func (f comparison) holds(v any) bool {
	var order int
	switch v := v.(type) {
	case bool:
		if v != f.value {
			order = 1
		}
	case time.Time:
		at, _ := f.value.(time.Time)
		order = v.Compare(at)
	case string:
		value, _ := f.value.(string)
		if f.kind == text {
			v, value = strings.ToLower(v), strings.ToLower(value)
		}
		switch f.operator {
		case "co":
			return strings.Contains(v, value)
		case "sw":
			return strings.HasPrefix(v, value)
		case "ew":
			return strings.HasSuffix(v, value)
		}
		order = strings.Compare(v, value)
	}
	switch f.operator {
	case "eq":
		return order == 0
	case "ne":
		return order != 0
	case "gt":
		return order > 0
	case "ge":
		return order >= 0
	case "lt":
		return order < 0
	default: // le
		return order <= 0
	}
}

const (
	maxFilter = 1000 // bytes
	maxDepth  = 50   // of parentheses
)

// parseFilter reads a filter over what a user has.
func parseFilter(s string) (filter, error) {
	if len(s) > maxFilter {
		return nil, badFilter("The filter is longer than we read.")
	}
	p := &parser{rest: s, words: userWords}
	f, err := p.or()
	if err == nil && p.skip() != "" {
		err = badFilter("Something follows the end of the filter.")
	}
	return f, err
}

func badFilter(detail string) error { return bad("invalidFilter", detail) }

// parser reads a filter from left to right: not binds closest, then and, then or.
type parser struct {
	rest  string
	words vocabulary
	depth int
}

func (p *parser) skip() string {
	p.rest = strings.TrimLeft(p.rest, " ")
	return p.rest
}

// word takes the name or keyword that comes next; empty when none does.
func (p *parser) word() string {
	s := p.skip()
	end := strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(".:_$-", r)
	})
	if end < 0 {
		end = len(s)
	}
	p.rest = s[end:]
	return strings.ToLower(s[:end])
}

// take takes a sign, or the keyword, if it comes next.
func (p *parser) take(what string) bool {
	before := p.rest
	if len(what) == 1 {
		if !strings.HasPrefix(p.skip(), what) {
			return false
		}
		p.rest = p.rest[1:]
		return true
	}
	if p.word() == what {
		return true
	}
	p.rest = before
	return false
}

func (p *parser) or() (filter, error) {
	left, err := p.and()
	for err == nil && p.take("or") {
		var right filter
		right, err = p.and()
		left = either{left, right}
	}
	return left, err
}

func (p *parser) and() (filter, error) {
	left, err := p.term()
	for err == nil && p.take("and") {
		var right filter
		right, err = p.term()
		left = both{left, right}
	}
	return left, err
}

func (p *parser) term() (filter, error) {
	before := p.rest
	if p.take("not") {
		if p.take("(") {
			f, err := p.closed(")")
			return not{f}, err
		}
		p.rest = before
	}
	if p.take("(") {
		return p.closed(")")
	}
	attribute := coreless(p.word())
	if _, several := p.words["emails"]; several && attribute == "emails" && strings.HasPrefix(p.rest, "[") {
		p.rest = p.rest[1:]
		return p.valuePath(attribute)
	}
	return p.comparison(attribute)
}

// closed reads a filter and the sign that ends it.
func (p *parser) closed(end string) (filter, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, badFilter("The filter is nested deeper than we read.")
	}
	f, err := p.or()
	if err == nil && !p.take(end) {
		err = badFilter("A " + end + " is missing.")
	}
	p.depth--
	return f, err
}

// valuePath reads emails[…]; and emails[…].value eq "…", which RFC 7644 does not have but
// Entra ID sends: of one address, both must be true.
func (p *parser) valuePath(attribute string) (filter, error) {
	outer := p.words
	p.words = emailWords
	defer func() { p.words = outer }()
	f, err := p.closed("]")
	if err != nil || !strings.HasPrefix(p.rest, ".") {
		return within{attribute, f}, err
	}
	p.rest = p.rest[1:]
	one, err := p.comparison(p.word())
	return within{attribute, both{f, one}}, err
}

func (p *parser) comparison(attribute string) (filter, error) {
	kind, known := p.words[attribute]
	if !known {
		return nil, badFilter("The filter asks for an attribute that we do not keep or cannot search: look into /Schemas.")
	}
	c := comparison{attribute: attribute, kind: kind, operator: p.word()}
	switch c.operator {
	case "pr":
		return c, nil
	case "eq", "ne":
	case "co", "sw", "ew":
		if kind == truth || kind == moment {
			return nil, badFilter(c.operator + " compares text only.")
		}
	case "gt", "ge", "lt", "le":
		if kind == truth {
			return nil, badFilter("true is neither greater nor less than false.")
		}
	default:
		return nil, badFilter("After an attribute comes one of eq, ne, co, sw, ew, pr, gt, ge, lt, le.")
	}
	var err error
	c.value, err = p.value(kind)
	if err == nil && c.value == nil && c.operator != "eq" && c.operator != "ne" {
		err = badFilter("null is only equal or not.")
	}
	return c, err
}

// value reads what an attribute is compared with.
func (p *parser) value(kind kind) (any, error) {
	s, quoted, err := p.literal()
	switch {
	case err != nil:
		return nil, err
	case s == "null" && !quoted:
		return nil, nil
	case kind == truth:
		switch strings.ToLower(s) { // Entra ID writes "True"
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
		return nil, badFilter("A boolean is compared with true or false.")
	case !quoted:
		return nil, badFilter("Text is written in quotation marks.")
	case kind == moment:
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return nil, badFilter("A time is written as 2026-12-31T12:00:00Z.")
		}
		return at, nil
	}
	return s, nil
}

// literal reads a JSON string or a bare word.
func (p *parser) literal() (s string, quoted bool, err error) {
	if !strings.HasPrefix(p.skip(), `"`) {
		return p.word(), false, nil
	}
	for end := 1; end < len(p.rest); end++ {
		switch p.rest[end] {
		case '\\':
			end++
		case '"':
			if json.Unmarshal([]byte(p.rest[:end+1]), &s) != nil {
				return "", true, badFilter("A text is not written as JSON has it.")
			}
			p.rest = p.rest[end+1:]
			return s, true, nil
		}
	}
	return "", true, badFilter("A quotation mark is not closed.")
}

// coreless takes the name of the schema for users from an attribute's, in lower case.
func coreless(attribute string) string {
	return strings.TrimPrefix(attribute, strings.ToLower(schemaUser)+":")
}

// Lookup finds few people by an index. Whoever a filter chooses is among them. Empty fields
// choose nothing out.
type Lookup struct{ After, ID, UserName, ExternalID, Email string }

// narrow reads from a filter what everybody that it chooses must have.
func narrow(f filter) Lookup {
	var l Lookup
	switch f := f.(type) {
	case both:
		l = narrow(f.left)
		more := narrow(f.right)
		for _, one := range []struct {
			to   *string
			from string
		}{{&l.ID, more.ID}, {&l.UserName, more.UserName}, {&l.ExternalID, more.ExternalID}, {&l.Email, more.Email}} {
			if *one.to == "" {
				*one.to = one.from
			}
		}
	case within:
		l.Email = valueOf(f.filter)
	case comparison:
		value, _ := f.value.(string)
		if f.operator != "eq" {
			return l
		}
		switch f.attribute {
		case "id":
			l.ID = value
		case "username":
			l.UserName = value
		case "externalid":
			l.ExternalID = value
		case "emails", "emails.value":
			l.Email = value
		}
	}
	return l
}

// valueOf is the address that a filter over one address demands.
func valueOf(f filter) string {
	switch f := f.(type) {
	case both:
		if value := valueOf(f.left); value != "" {
			return value
		}
		return valueOf(f.right)
	case comparison:
		if value, ok := f.value.(string); ok && f.operator == "eq" && f.attribute == "value" {
			return value
		}
	}
	return ""
}
