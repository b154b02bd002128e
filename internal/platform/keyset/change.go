package keyset

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
)

// Holding is what a file holds: the names of its keys, in the order in which they were made,
// and which of them is used.
type Holding struct {
	Keys    []string
	Primary string
}

// Newest is the key that was made last.
func (h Holding) Newest() string {
	if len(h.Keys) == 0 {
		return ""
	}
	return h.Keys[len(h.Keys)-1]
}

// Has reports whether the file has the key.
func (h Holding) Has(name string) bool { return slices.Contains(h.Keys, name) }

// Ordered are the names, that of the key in use first.
func (h Holding) Ordered() []string {
	all := []string{h.Primary}
	for _, name := range h.Keys {
		if name != h.Primary {
			all = append(all, name)
		}
	}
	return all
}

// Change is how the keys of one kind of file are changed, without any other program. Each
// function answers the file's next text and touches nothing. Their errors quote nothing.
type Change interface {
	Holds(text []byte) (Holding, error)
	Add(text []byte) ([]byte, error)  // a new key, which is not used yet
	Use(text []byte) ([]byte, error)  // the newest key from now on
	Keep(text []byte) ([]byte, error) // the key that is used, and drop the others
}

// The kinds of files.
var (
	ChangeSecret Change = secretChange{}
	ChangePRF    Change = tinkChange{prf.HMACSHA256PRFKeyTemplate, func(b []byte) error { _, err := PRF(b); return err }}
	ChangeAEAD   Change = tinkChange{aead.AES256GCMKeyTemplate, func(b []byte) error { _, err := AEAD(b); return err }}
)

// tinkChange edits a Tink keyset. Tink appends a new key, so that the last one is the newest.
type tinkChange struct {
	template func() *tinkpb.KeyTemplate
	check    func([]byte) error
}

// Holds implements [Change]. Keys that are switched off with another program are as good
// as gone.
func (c tinkChange) Holds(text []byte) (Holding, error) {
	if err := c.check(text); err != nil {
		return Holding{}, err
	}
	handle, err := read(text)
	if err != nil {
		return Holding{}, err
	}
	info := handle.KeysetInfo()
	h := Holding{Primary: keyName(info.GetPrimaryKeyId())}
	for _, key := range info.GetKeyInfo() {
		if key.GetStatus() == tinkpb.KeyStatusType_ENABLED {
			h.Keys = append(h.Keys, keyName(key.GetKeyId()))
		}
	}
	return h, nil
}

func keyName(id uint32) string { return strconv.FormatUint(uint64(id), 10) }

// Add implements [Change].
func (c tinkChange) Add(text []byte) ([]byte, error) {
	return c.edit(text, func(m *keyset.Manager, _ Holding) error {
		_, err := m.Add(c.template())
		return err
	})
}

// Use implements [Change].
func (c tinkChange) Use(text []byte) ([]byte, error) {
	return c.edit(text, func(m *keyset.Manager, h Holding) error {
		id, err := strconv.ParseUint(h.Newest(), 10, 32)
		if err != nil {
			return err
		}
		return m.SetPrimary(uint32(id))
	})
}

// Keep implements [Change].
func (c tinkChange) Keep(text []byte) ([]byte, error) {
	return c.edit(text, func(m *keyset.Manager, h Holding) error {
		for _, name := range h.Keys {
			if name == h.Primary {
				continue
			}
			id, err := strconv.ParseUint(name, 10, 32)
			if err != nil {
				return err
			}
			if err := m.Delete(uint32(id)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c tinkChange) edit(text []byte, change func(*keyset.Manager, Holding) error) ([]byte, error) {
	h, err := c.Holds(text)
	if err != nil {
		return nil, err
	}
	handle, err := read(text)
	if err != nil {
		return nil, err
	}
	manager := keyset.NewManagerFromHandle(handle)
	if err := change(manager, h); err != nil {
		return nil, errors.New("keyset: cannot be changed")
	}
	if handle, err = manager.Handle(); err != nil {
		return nil, errors.New("keyset: cannot be changed")
	}
	var out bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&out)); err != nil {
		return nil, fmt.Errorf("keyset: write: %w", err)
	}
	return out.Bytes(), nil
}
