package scim

import (
	"encoding/json"
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

// patchUser changes what a user says, as the operations of a patch ask for. Those that
// name something we do not keep are refused: the directory would believe them done.
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
		switch op := strings.ToLower(o.Op); {
		case op == "remove" && o.Path == "":
			err = bad("noTarget", "remove needs a path.")
		case op == "remove":
			err = u.set(o.Path, nil)
		case op != "add" && op != "replace":
			err = bad("invalidSyntax", "op must be add, replace or remove.")
		case o.Path != "":
			err = u.set(o.Path, o.Value)
		default:
			err = u.merge(o.Value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// merge takes an object of attributes; some directories write paths as its names.
func (u *user) merge(value json.RawMessage) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(value, &all); err != nil {
		return bad("invalidValue", "Without a path, value must be an object of attributes.")
	}
	for path, one := range all {
		if err := u.set(path, one); err != nil {
			return err
		}
	}
	return nil
}

// set sets one attribute; a nil value removes it.
func (u *user) set(path string, value json.RawMessage) error {
	path = strings.ToLower(path)
	switch path = strings.TrimPrefix(path, strings.ToLower(schemaUser)+":"); path {
	case "schemas", "id", "meta":
		return bad("mutability", "id, meta and schemas are ours.")
	case "username":
		return assign(&u.UserName, value)
	case "externalid":
		return assign(&u.ExternalID, value)
	case "preferredlanguage", "locale":
		return assign(&u.Language, value)
	case "name":
		return assign(&u.Name, value)
	case "name.givenname":
		return assign(&u.Name.Given, value)
	case "name.familyname":
		return assign(&u.Name.Family, value)
	case "active":
		if value == nil {
			return bad("invalidValue", "active is true or false.")
		}
		return assign(&u.Active, value)
	case "emails":
		u.Emails = nil
		return assign(&u.Emails, value)
	case "emails.value", `emails[type eq "work"].value`, "emails[primary eq true].value":
		var one string
		if err := assign(&one, value); err != nil {
			return err
		}
		u.Emails = nil
		if one != "" {
			u.Emails = []email{{Value: one, Type: "work", Primary: true}}
		}
		return nil
	case `emails[type eq "work"]`, `emails[type eq "work"].primary`, `emails[type eq "work"].type`, "displayname", "name.formatted":
		return nil // said again by something else
	default:
		return bad("invalidPath", "path names something that we do not keep.")
	}
}

func assign[T any](to *T, value json.RawMessage) error {
	var fresh T
	if value != nil {
		if err := json.Unmarshal(value, &fresh); err != nil {
			return bad("invalidValue", "value is not of the attribute's type.")
		}
	}
	*to = fresh
	return nil
}
