package keyset

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"avain/internal/secret"
)

// What is derived from the shared secret and can never be made anew: the subjects by which
// clients with a sector know people, and the proof of the audit log's entries. A change of
// the secret keeps these two as they are.
const (
	subjects   = "pairwise subjects"
	auditChain = "audit chain"
)

// MinSecret is the least length of a secret that a machine made, in characters.
const MinSecret = 32

// Secret is the secret that all nodes share. Its file holds one text, or while it is being
// replaced and from then on, JSON: the generations, and what does not change with them.
type Secret struct {
	Ring     secret.Ring // the generation in use first, then the other one
	Subjects secret.Text // keys the subjects of sectors
	Audit    secret.Text // keys the proof of the audit log

	file secretFile
}

// secretFile is the JSON. Generations are in the order in which they were made.
type secretFile struct {
	Generations []string `json:"generations"`
	Current     int      `json:"current"`
	Subjects    string   `json:"subjects"`
	AuditChain  string   `json:"audit_chain"`
}

// ReadSecret reads the file's text. Its errors quote nothing of it.
func ReadSecret(text secret.Text) (Secret, error) {
	raw := strings.TrimSpace(text.Reveal())
	f := secretFile{Generations: []string{raw}}
	if strings.HasPrefix(raw, "{") {
		f = secretFile{}
		decoder := json.NewDecoder(strings.NewReader(raw))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&f); err != nil || decoder.More() {
			return Secret{}, errors.New("keyset: not a secret, nor its generations in JSON")
		}
	} else {
		only := secret.Of(raw)
		f.Subjects, f.AuditChain = only.Derive(subjects).Reveal(), only.Derive(auditChain).Reveal()
	}
	return f.open()
}

func (f secretFile) open() (Secret, error) {
	tooShort := func(s string) bool { return len(s) < MinSecret }
	switch {
	case len(f.Generations) == 0, len(f.Generations) > 2, f.Current < 0, f.Current >= len(f.Generations):
		return Secret{}, errors.New("keyset: a secret has one generation or two, and one of them is current")
	case slices.ContainsFunc(append(slices.Clone(f.Generations), f.Subjects, f.AuditChain), tooShort):
		return Secret{}, errors.New("keyset: a secret is too short to be safe")
	}
	s := Secret{Subjects: secret.Of(f.Subjects), Audit: secret.Of(f.AuditChain), file: f}
	s.Ring = secret.Ring{secret.Of(f.Generations[f.Current])}
	for i, generation := range f.Generations {
		if i != f.Current {
			s.Ring = append(s.Ring, secret.Of(generation))
		}
	}
	return s, nil
}

// secretChange edits the file of the shared secret.
type secretChange struct{}

func (secretChange) read(text []byte) (Secret, error) { return ReadSecret(secret.Of(string(text))) }

// Holds implements [Change].
func (c secretChange) Holds(text []byte) (Holding, error) {
	s, err := c.read(text)
	if err != nil {
		return Holding{}, err
	}
	var h Holding
	for i, generation := range s.file.Generations {
		name := secret.Of(generation).Name()
		h.Keys = append(h.Keys, name)
		if i == s.file.Current {
			h.Primary = name
		}
	}
	return h, nil
}

// Add implements [Change].
func (c secretChange) Add(text []byte) ([]byte, error) {
	return c.edit(text, func(f *secretFile) { f.Generations = append(f.Generations, secret.New().Reveal()) })
}

// Use implements [Change].
func (c secretChange) Use(text []byte) ([]byte, error) {
	return c.edit(text, func(f *secretFile) { f.Current = len(f.Generations) - 1 })
}

// Keep implements [Change].
func (c secretChange) Keep(text []byte) ([]byte, error) {
	return c.edit(text, func(f *secretFile) {
		f.Generations, f.Current = []string{f.Generations[f.Current]}, 0
	})
}

func (c secretChange) edit(text []byte, change func(*secretFile)) ([]byte, error) {
	s, err := c.read(text)
	if err != nil {
		return nil, err
	}
	f := s.file
	f.Generations = slices.Clone(f.Generations)
	change(&f)
	if _, err := f.open(); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetIndent("", "  ")
	err = encoder.Encode(f)
	return out.Bytes(), err
}
