package scim

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// patchDocument is RFC 7644 §3.5.2.
type patchDocument struct {
	Operations []struct {
		Op    string          `json:"op"`
		Path  string          `json:"path"`
		Value json.RawMessage `json:"value"`
	} `json:"Operations"`
}

// maxOperations bounds one patch.
const maxOperations = 100

// operation is what is done with an attribute.
type operation string

const (
	opAdd     operation = "add"
	opReplace operation = "replace"
	opRemove  operation = "remove"
)

// patchUser changes what a user says, as the operations of a patch ask for. Attributes
// that we do not keep are passed over, as they are when a user is made: what a directory
// has beside them (active above all, of somebody who leaves) must not be lost with them.
func patchUser(u *user, body []byte) error {
	var doc patchDocument
	if err := json.Unmarshal(body, &doc); err != nil {
		return bad("invalidSyntax", "The body must be a PatchOp.")
	}
	if len(doc.Operations) == 0 || len(doc.Operations) > maxOperations {
		return bad("invalidValue", "Operations must hold from 1 to 100 of them.")
	}
	for _, o := range doc.Operations {
		var err error
		switch op := operation(strings.ToLower(o.Op)); {
		case op != opAdd && op != opReplace && op != opRemove:
			err = bad("invalidSyntax", "op must be add, replace or remove.")
		case op == opRemove && o.Path == "":
			err = bad("noTarget", "remove needs a path.")
		case op == opRemove:
			err = u.set(op, o.Path, nil)
		case o.Path == "":
			err = u.merge(op, o.Value)
		default:
			err = u.set(op, o.Path, o.Value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// merge takes an object of attributes; some directories write paths as its names. A name
// comes before those that begin with it: name before name.givenName.
func (u *user) merge(op operation, value json.RawMessage) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(value, &all); err != nil {
		return bad("invalidValue", "Without a path, value must be an object of attributes.")
	}
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if strings.EqualFold(path, "meta") {
			continue // directories send back what they read
		}
		if err := u.set(op, path, all[path]); err != nil {
			return err
		}
	}
	return nil
}

// target is what a path leads to.
type target struct {
	attribute string // in lower case, as the others
	chosen    filter // which of several values; nil: all
	demands   email  // what chosen demands of a value, for one that is not there yet
	sub       string
}

var attributeName = regexp.MustCompile(`^[a-z$][a-z0-9_$-]*$`)

// parsePath reads a path (RFC 7644 §3.5.2). Not kept: it leads to another schema, or to
// an attribute that we do not keep.
func parsePath(path string) (t target, kept bool, err error) {
	invalid := bad("invalidPath", "path must be as name.givenName or emails[type eq \"work\"].value.")
	if len(path) > maxFilter {
		return t, false, invalid
	}
	path = strings.TrimSpace(path)
	if prefix := len(schemaUser) + 1; len(path) > prefix && strings.EqualFold(path[:prefix], schemaUser+":") {
		path = path[prefix:]
	}
	if strings.HasPrefix(strings.ToLower(path), "urn:") {
		return t, false, nil
	}
	end := strings.IndexAny(path, ".[")
	if end < 0 {
		end = len(path)
	}
	rest := path[end:]
	if t.attribute = strings.ToLower(path[:end]); !attributeName.MatchString(t.attribute) {
		return t, false, invalid
	}
	switch t.attribute {
	case "id", "meta", "username", "externalid", "preferredlanguage", "active", "name", "emails":
	default:
		return t, false, nil
	}
	if strings.HasPrefix(rest, "[") {
		p := &parser{rest: rest[1:], words: emailWords}
		if t.attribute != "emails" {
			return t, false, bad("invalidPath", "Only emails are several.")
		}
		if t.chosen, err = p.closed("]"); err != nil {
			return t, false, err
		}
		t.demands, rest = demanded(t.chosen), p.rest
	}
	sub, named := strings.CutPrefix(rest, ".")
	t.sub = strings.ToLower(sub)
	if rest != "" && (!named || !attributeName.MatchString(t.sub)) {
		return t, false, invalid
	}
	return t, true, nil
}

// demanded reads what a filter over one address leaves no choice of.
func demanded(f filter) email {
	var e email
	switch f := f.(type) {
	case both:
		e = demanded(f.left)
		more := demanded(f.right)
		if more.Type != "" {
			e.Type = more.Type
		}
		if more.Value != "" {
			e.Value = more.Value
		}
		e.Primary = e.Primary || more.Primary
	case comparison:
		if f.operator != "eq" {
			return e
		}
		switch f.attribute {
		case "type":
			e.Type, _ = f.value.(string)
		case "value":
			e.Value, _ = f.value.(string)
		case "primary":
			primary, _ := f.value.(bool)
			e.Primary = flag(primary)
		}
	}
	return e
}

// set changes one attribute; a nil value removes it.
func (u *user) set(op operation, path string, value json.RawMessage) error {
	if strings.EqualFold(path, schemaUser) && op != opRemove {
		return u.merge(op, value)
	}
	t, kept, err := parsePath(path)
	if err != nil || !kept {
		return err
	}
	if value == nil && op != opRemove {
		return bad("invalidValue", "add and replace need a value.")
	}
	if t.sub != "" && t.attribute != "name" && t.attribute != "emails" && t.attribute != "meta" {
		return bad("invalidPath", "This attribute has no parts.")
	}
	switch t.attribute {
	case "id":
		if id, err := textOf(value); err != nil || id != u.ID {
			return bad("mutability", "id is ours.")
		}
		return nil
	case "meta":
		return bad("mutability", "meta is ours.")
	case "username":
		err := assign(&u.UserName, value)
		if err == nil && u.UserName == "" {
			return bad("mutability", "userName is required.")
		}
		return err
	case "externalid":
		return assign(&u.ExternalID, value)
	case "preferredlanguage":
		return assign(&u.Language, value)
	case "active":
		return u.activate(value)
	case "name":
		return u.rename(t.sub, value)
	default:
		return u.readdress(op, t, value)
	}
}

// activate takes a boolean, in any form that directories write it. Nothing is no answer:
// whoever has left must not come back because their directory says nothing of it.
func (u *user) activate(value json.RawMessage) error {
	var yes *flag
	if json.Unmarshal(single(value), &yes) != nil || yes == nil {
		return bad("invalidValue", "active is true or false.")
	}
	u.Active = yes
	return nil
}

// rename changes the parts of the name that are given; the others stay (§3.5.2.3).
func (u *user) rename(part string, value json.RawMessage) error {
	switch part {
	case "givenname":
		return assign(&u.Name.Given, value)
	case "familyname":
		return assign(&u.Name.Family, value)
	case "":
	default:
		return nil // formatted, middleName: not kept
	}
	if empty(value) {
		u.Name = name{}
		return nil
	}
	if err := json.Unmarshal(value, &u.Name); err != nil {
		return bad("invalidValue", "name is an object of givenName and familyName.")
	}
	var parts map[string]json.RawMessage
	_ = json.Unmarshal(value, &parts) // null leaves a field as it is, and means none (RFC 7643 §2.5)
	for part, one := range parts {
		if err := u.clear(part, one); err != nil {
			return err
		}
	}
	return nil
}

func (u *user) clear(part string, value json.RawMessage) error {
	if !empty(value) {
		return nil
	}
	switch strings.ToLower(part) {
	case "givenname":
		u.Name.Given = ""
	case "familyname":
		u.Name.Family = ""
	}
	return nil
}

// readdress changes addresses.
func (u *user) readdress(op operation, t target, value json.RawMessage) error {
	switch t.sub {
	case "", "value", "type", "primary":
	default:
		return nil // display: not kept
	}
	if t.chosen == nil && t.sub == "" {
		return u.readdressAll(op, value)
	}
	var at []int
	for i, e := range u.Emails {
		if t.chosen == nil || t.chosen.matches(e) {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return u.firstAddress(op, t, value)
	}
	if op == opRemove && (t.sub == "" || t.sub == "value") || t.sub == "value" && (empty(value) || string(value) == `""`) {
		kept := emails{}
		for i, e := range u.Emails {
			if !slices.Contains(at, i) {
				kept = append(kept, e)
			}
		}
		u.Emails = kept
		return nil
	}
	if len(at) > 1 && t.sub == "primary" {
		return bad("invalidPath", "path leads to several emails, of which one may be primary.")
	}
	for _, i := range at {
		e := u.Emails[i]
		if t.sub == "" && op == opReplace {
			e = t.demands // the whole value is replaced (§3.5.2.3)
		}
		if err := e.put(t.sub, value); err != nil {
			return err
		}
		u.Emails[i] = e
		u.Emails.onlyPrimary(i)
	}
	all := u.Emails
	u.Emails = nil // what has become the same is one
	for _, e := range all {
		u.Emails.add(e)
	}
	return nil
}

func (u *user) readdressAll(op operation, value json.RawMessage) error {
	var all emails
	if !empty(value) {
		if err := json.Unmarshal(value, &all); err != nil {
			return bad("invalidValue", "emails is a list of objects with value, type and primary.")
		}
	}
	if err := all.checked(); err != nil {
		return err
	}
	if op != opAdd {
		u.Emails = nil
	}
	for _, e := range all {
		u.Emails.add(e)
	}
	return nil
}

// firstAddress is for a path that leads to no address. To add makes one, as Entra ID
// expects it; to replace is refused (§3.5.2.3); to remove is done already.
func (u *user) firstAddress(op operation, t target, value json.RawMessage) error {
	e := t.demands
	switch {
	case op == opRemove, op == opAdd && empty(value):
		return nil
	case op == opReplace && t.chosen != nil:
		return bad("noTarget", "There is no such email to replace; add it.")
	case t.chosen == nil:
		e = email{Type: "work", Primary: true}
	}
	if err := e.put(t.sub, value); err != nil {
		return err
	}
	if e.Value == "" || t.chosen != nil && !t.chosen.matches(e) {
		return bad("noTarget", "There is no such email, and path does not say which to make.")
	}
	u.Emails.add(e)
	return nil
}

// put sets the parts of an address that are given.
func (e *email) put(part string, value json.RawMessage) error {
	switch part {
	case "value":
		return assign(&e.Value, value)
	case "type":
		return assign(&e.Type, value)
	case "primary":
		if empty(value) {
			e.Primary = false
			return nil
		}
		return assignFlag(&e.Primary, value)
	}
	if raw := unlisted(value); json.Unmarshal(raw, e) != nil || e.Value == "" {
		return bad("invalidValue", "An email is an object with value, type and primary.")
	}
	return nil
}

func assignFlag(to *flag, value json.RawMessage) error {
	if json.Unmarshal(single(value), to) != nil {
		return bad("invalidValue", "value is true or false.")
	}
	return nil
}

// assign sets a text; null and nothing take it away.
func assign(to *string, value json.RawMessage) error {
	s, err := textOf(value)
	if err == nil {
		*to = s
	}
	return err
}

func textOf(value json.RawMessage) (string, error) {
	var s string
	if empty(value) {
		return "", nil
	}
	if json.Unmarshal(single(value), &s) != nil {
		return "", bad("invalidValue", "value is not of the attribute's type.")
	}
	return s, nil
}

func empty(value json.RawMessage) bool {
	s := strings.TrimSpace(string(value))
	return s == "" || s == "null"
}

// unlisted takes the only element of a list for itself.
func unlisted(value json.RawMessage) json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(value, &list) == nil && len(list) == 1 {
		return list[0]
	}
	return value
}

// single is a simple value; older jobs of Entra ID wrap it: [{"$ref":null,"value":"False"}].
func single(value json.RawMessage) json.RawMessage {
	value = unlisted(value)
	var wrapped struct {
		Value json.RawMessage `json:"value"`
	}
	if json.Unmarshal(value, &wrapped) == nil && wrapped.Value != nil {
		return wrapped.Value
	}
	return value
}
