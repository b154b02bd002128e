package scim

import (
	"encoding/json"
	"slices"
	"strings"

	"avain/internal/domain/employment"
)

// email is an address of a user.
type email struct {
	Value   string `json:"value"`
	Type    string `json:"type,omitempty"`
	Primary flag   `json:"primary"`
}

// emails are all addresses of a user. Letters go to one of them: see best.
type emails []email

// maxEmails bounds the addresses of a user.
const maxEmails = 20

// UnmarshalJSON takes one address for a list of it, and null for none.
func (all *emails) UnmarshalJSON(raw []byte) error {
	*all = nil
	switch strings.TrimSpace(string(raw))[0] {
	case '{':
		var one email
		if err := json.Unmarshal(raw, &one); err != nil {
			return err
		}
		*all = emails{one}
	default:
		var list []email
		if err := json.Unmarshal(raw, &list); err != nil {
			return err
		}
		*all = list
	}
	*all = slices.DeleteFunc(*all, func(e email) bool { return e.Value == "" })
	return nil
}

// best is where letters go: to work, and to the primary one where work has several or
// none. So what a directory says of somebody's home leads no letter of an employer there,
// while there is an address for work. -1: nowhere.
func (all emails) best() int {
	rank := func(e email) int {
		switch work := strings.EqualFold(e.Type, "work"); {
		case work && bool(e.Primary):
			return 3
		case work:
			return 2
		case bool(e.Primary):
			return 1
		default:
			return 0
		}
	}
	best := -1
	for i, e := range all {
		if best < 0 || rank(e) > rank(all[best]) {
			best = i
		}
	}
	return best
}

// address is where letters go.
func (all emails) address() string {
	if i := all.best(); i >= 0 {
		return all[i].Value
	}
	return ""
}

// add appends an address; one that is there already is only made primary or not.
func (all *emails) add(e email) {
	i := slices.IndexFunc(*all, func(o email) bool { return strings.EqualFold(o.Value, e.Value) && strings.EqualFold(o.Type, e.Type) })
	if i < 0 {
		*all = append(*all, e)
		i = len(*all) - 1
	}
	(*all)[i].Primary = e.Primary
	all.onlyPrimary(i)
}

// onlyPrimary makes the others secondary if that one is primary (RFC 7644 §3.5.2).
func (all emails) onlyPrimary(i int) {
	if !all[i].Primary {
		return
	}
	for other := range all {
		all[other].Primary = other == i
	}
}

// checked refuses what no list may hold.
func (all emails) checked() error {
	primary := 0
	for _, e := range all {
		if e.Primary {
			primary++
		}
	}
	switch {
	case primary > 1:
		return bad("invalidValue", "Of several emails, one may be primary.")
	case len(all) > maxEmails:
		return bad("invalidValue", "A user may have 20 emails.")
	}
	return nil
}

// emailsOf are the addresses of a record.
func emailsOf(m employment.Employment) emails {
	if m.Email == "" {
		return nil
	}
	if len(m.Addresses) == 0 {
		return emails{{Value: m.Email, Type: "work", Primary: true}}
	}
	var all emails
	for _, a := range m.Addresses {
		all = append(all, email{a.Value, a.Type, flag(a.Primary)})
	}
	all[all.best()].Value = m.Email // another way may have changed it
	return all
}

// addresses is what is kept of them: nothing, where Email alone says the same.
func (all emails) addresses() []employment.Address {
	if len(all) == 0 || len(all) == 1 && strings.EqualFold(all[0].Type, "work") && bool(all[0].Primary) {
		return nil
	}
	kept := make([]employment.Address, 0, len(all))
	for _, e := range all {
		kept = append(kept, employment.Address{Value: e.Value, Type: e.Type, Primary: bool(e.Primary)})
	}
	return kept
}

func (e email) values(attribute string) []any {
	switch attribute {
	case "value":
		return some(e.Value)
	case "type":
		return some(e.Type)
	case "primary":
		return []any{bool(e.Primary)}
	}
	return nil
}

func (email) parts(string) []thing { return nil }

// some is a value, unless it is empty.
func some(s string) []any {
	if s == "" {
		return nil
	}
	return []any{s}
}
