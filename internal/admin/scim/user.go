package scim

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"avain/internal/core/provisioning"
	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/shown"
)

const schemaUser = "urn:ietf:params:scim:schemas:core:2.0:User"

// user is a person as SCIM writes them. What it cannot say is not here.
type user struct {
	Schemas    []string `json:"schemas"`
	ID         string   `json:"id,omitempty"`
	ExternalID string   `json:"externalId,omitempty"`
	UserName   string   `json:"userName"`
	Name       name     `json:"name,omitzero"`
	Emails     emails   `json:"emails,omitempty"`
	Active     *flag    `json:"active,omitempty"`
	Language   string   `json:"preferredLanguage,omitempty"`
	Meta       *meta    `json:"meta,omitempty"`
}

type name struct {
	Given  string `json:"givenName,omitempty"`
	Family string `json:"familyName,omitempty"`
}

type meta struct {
	ResourceType string    `json:"resourceType"`
	Created      time.Time `json:"created"`
	LastModified time.Time `json:"lastModified"`
	Location     string    `json:"location"`
}

// flag is a boolean that some directories write as a word.
type flag bool

// UnmarshalJSON takes true, "true" and "True".
func (f *flag) UnmarshalJSON(text []byte) error {
	var word string
	if json.Unmarshal(text, &word) == nil {
		text = []byte(strings.ToLower(word))
	}
	return json.Unmarshal(text, (*bool)(f))
}

// userOf writes a record; root is the address that SCIM has for its directory.
func userOf(m employment.Employment, root string) user {
	active := flag(m.EndedAt.IsZero())
	return user{
		Schemas: []string{schemaUser}, ID: m.ID, ExternalID: m.ExternalID, UserName: m.UserName, Name: name{m.GivenName, m.FamilyName},
		Active: &active, Language: m.Locale, Emails: emailsOf(m),
		Meta: &meta{"User", m.CreatedAt, m.UpdatedAt, root + "/Users/" + m.ID},
	}
}

// values are what filters are held against.
func (u user) values(attribute string) []any {
	switch attribute {
	case "id":
		return some(u.ID)
	case "externalid":
		return some(u.ExternalID)
	case "username":
		return some(u.UserName)
	case "name.givenname":
		return some(u.Name.Given)
	case "name.familyname":
		return some(u.Name.Family)
	case "preferredlanguage":
		return some(u.Language)
	case "active":
		return []any{bool(*u.Active)}
	case "schemas":
		return []any{schemaUser}
	case "meta.resourcetype":
		return []any{u.Meta.ResourceType}
	case "meta.created":
		return []any{u.Meta.Created}
	case "meta.lastmodified":
		return []any{u.Meta.LastModified}
	}
	var all []any
	_, part, _ := strings.Cut(attribute, ".")
	for _, e := range u.Emails {
		all = append(all, e.values(cmp.Or(part, "value"))...)
	}
	return all
}

func (u user) parts(string) []thing {
	all := make([]thing, 0, len(u.Emails))
	for _, e := range u.Emails {
		all = append(all, e)
	}
	return all
}

// maxType bounds the type of an address, in letters.
const maxType = 50

// record makes of a user what is kept, out of the record before: that of nobody for
// somebody new. Only what the user says otherwise than before is checked: a rule that has
// become stricter must not keep a directory from ending somebody who was added under the
// old one.
func (f *Feature) record(u user, before employment.Employment) (employment.Employment, error) {
	m, mistakes := f.read(u, before)
	for i := range u.Emails {
		e := &u.Emails[i]
		e.Type = shown.Line(e.Type, maxType)
		if slices.ContainsFunc(emailsOf(before), func(o email) bool { return o.Value == e.Value }) {
			continue
		}
		one, _, wrong := f.Rules.Read(provisioning.Entry{Email: &e.Value})
		if mistakes = append(mistakes, wrong...); one.Email != nil {
			e.Value = *one.Email
		}
	}
	if err := u.Emails.checked(); err != nil {
		return m, err
	}
	if m.UserName == "" && len(mistakes) == 0 {
		return m, bad("invalidValue", "userName is required.")
	}
	if len(mistakes) > 0 {
		var said []string
		for _, one := range mistakes {
			said = append(said, scimName(one.Field)+" "+one.Detail)
		}
		return m, bad("invalidValue", strings.Join(said, "; ")+".")
	}
	m.Email, m.Addresses = u.Emails.address(), u.Emails.addresses()
	switch {
	case u.Active == nil:
	case bool(*u.Active):
		m.EndedAt = time.Time{}
	case m.EndedAt.IsZero():
		m.EndedAt = f.Now()
	}
	return m, nil
}

// read takes over the plain fields that are not as before, and says what is wrong of them.
func (f *Feature) read(u user, before employment.Employment) (employment.Employment, fault.FieldErrors) {
	said := func(now, before string) *string {
		if now == before {
			return nil
		}
		return &now
	}
	change, _, mistakes := f.Rules.Read(provisioning.Entry{
		ExternalID: said(u.ExternalID, before.ExternalID), UserName: said(u.UserName, before.UserName), GivenName: said(u.Name.Given, before.GivenName),
		FamilyName: said(u.Name.Family, before.FamilyName), Locale: said(u.Language, before.Locale),
	})
	m, _ := before.With(change, f.Now()) // nothing is said of benefits, in which alone there could be a mistake
	return m, mistakes
}

// scimName is SCIM's name of a field of ours.
func scimName(field string) string {
	names := map[string]string{
		"external_id": "externalId", "user_name": "userName", "email": "emails.value", "given_name": "name.givenName",
		"family_name": "name.familyName",
	}
	if scim, ok := names[field]; ok {
		return scim
	}
	return field
}
