package scim

import (
	"encoding/json"
	"strings"
	"time"

	"avain/internal/login"
	"avain/internal/roster"
)

const schemaUser = "urn:ietf:params:scim:schemas:core:2.0:User"

// user is a person as SCIM writes them. What it cannot say is not here.
type user struct {
	Schemas    []string `json:"schemas"`
	ID         string   `json:"id,omitempty"`
	ExternalID string   `json:"externalId,omitempty"`
	UserName   string   `json:"userName"`
	Name       name     `json:"name,omitzero"`
	Emails     []email  `json:"emails,omitempty"`
	Active     *flag    `json:"active,omitempty"`
	Language   string   `json:"preferredLanguage,omitempty"`
	Meta       *meta    `json:"meta,omitempty"`
}

type name struct {
	Given  string `json:"givenName,omitempty"`
	Family string `json:"familyName,omitempty"`
}

type email struct {
	Value   string `json:"value"`
	Type    string `json:"type,omitempty"`
	Primary flag   `json:"primary,omitempty"`
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

func userOf(m login.Employment) user {
	active := flag(m.EndedAt.IsZero())
	u := user{
		Schemas: []string{schemaUser}, ID: m.ID, ExternalID: m.ExternalID, UserName: m.UserName, Name: name{m.GivenName, m.FamilyName},
		Active: &active, Language: m.Locale,
		Meta: &meta{"User", m.CreatedAt, m.UpdatedAt, "/scim/v2/Users/" + m.ID},
	}
	if m.Email != "" {
		u.Emails = []email{{Value: m.Email, Type: "work", Primary: true}}
	}
	return u
}

// active reports whether the user works for the employer; nothing said means yes.
func (u user) active() bool { return u.Active == nil || bool(*u.Active) }

// address is the primary one, else the one for work, else the first.
func (u user) address() string {
	best := ""
	for _, e := range u.Emails {
		switch {
		case bool(e.Primary):
			return e.Value
		case best == "", strings.EqualFold(e.Type, "work"):
			best = e.Value
		}
	}
	return best
}

// record checks a user and makes an employer's record of it.
func (f *Feature) record(u user) (login.Employment, error) {
	m, _, mistakes := f.Rules.Read(roster.Entry{
		ExternalID: u.ExternalID, UserName: u.UserName, Email: u.address(), GivenName: u.Name.Given, FamilyName: u.Name.Family, Locale: u.Language,
	}, f.Now())
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
	return m, nil
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
