package privacy

import (
	"bytes"
	"encoding/json"
	"time"

	"avain/internal/domain/operations"
)

// Document is everything that there is about a person, for people and for programs.
type Document struct {
	About       string    `json:"about"`
	ID          string    `json:"id"`
	MadeAt      time.Time `json:"made_at"`
	NotIncluded []string  `json:"not_included"`
	Data        []Section `json:"data"`
}

// Section is what one table holds.
type Section struct {
	Table  string            `json:"table"`
	What   string            `json:"what"`
	Fields map[string]string `json:"fields"` // what the fields mean
	Rows   []map[string]any  `json:"rows"`
}

const about = "Everything that this login service holds about one person. Each section says what it is and what its fields mean; " +
	"a field that is missing in a row is not set. Times are UTC. An id is a random name of a row and says nothing by itself. How long " +
	"each thing is kept is in the service's privacy notice."

// notIncluded is what is held and not handed out, and why.
func notIncluded() []string {
	return []string{
		"The personal identity code. The service recognises you by a keyed hash of it, which cannot be turned back. If the operator has a " +
			"legal purpose for keeping the code itself, it lies encrypted beside the hash; ask the operator.",
		"Passwords and the secrets of logins, links and devices. Only hashes of them are kept, which would help an attacker and tell you nothing.",
		"What the app and this service say to each other during a login (addresses, random numbers), and network addresses as keyed hashes, for an hour.",
		"Logins that were begun on your device and in which nobody was identified: they belong to nobody.",
	}
}

func document(id string, kept []operations.PersonalData, now time.Time) Document {
	d := Document{About: about, ID: id, MadeAt: now.UTC(), NotIncluded: notIncluded(), Data: []Section{}}
	for _, k := range kept {
		s := Section{Table: k.Table, What: what(k.Table), Fields: map[string]string{}, Rows: k.Rows}
		for _, row := range k.Rows {
			for field := range row {
				s.Fields[field] = meaning(k.Table, field)
			}
		}
		d.Data = append(d.Data, s)
	}
	return d
}

// Bytes is the document as JSON.
func (d Document) Bytes() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false) // it is a file, not a part of a page
	err := encoder.Encode(d)
	return b.Bytes(), err
}

// Name is a name for the file.
func (d Document) Name() string { return "avain-" + d.MadeAt.Format(time.DateOnly) + ".json" }
