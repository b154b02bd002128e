package passhash

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"avain/internal/secret"

	"golang.org/x/crypto/argon2"
)

// Params are the cost of a hash (RFC 9106).
type Params struct {
	MemoryKiB uint32
	Passes    uint32
	Threads   uint8
}

// DefaultParams are OWASP's: about 25 ms of one core, and 19 MiB that a password
// cracker needs for each guess.
func DefaultParams() Params { return Params{MemoryKiB: 19 << 10, Passes: 2, Threads: 1} }

func (p Params) possible() bool {
	return p.Passes >= 1 && p.Passes <= maxPasses && p.Threads >= 1 && p.MemoryKiB >= 8*uint32(p.Threads) && p.MemoryKiB <= maxMemoryKiB
}

// What a stored text may ask of us at most: whoever can write into the database shall
// not be able to take the memory of every node.
const (
	maxMemoryKiB = 256 << 10
	maxPasses    = 16
	saltBytes    = 16
	sumBytes     = 32
)

// MaxBytes bounds what is hashed; longer passwords are refused, not cut.
const MaxBytes = 1024

// Config is what a [Hasher] needs.
type Config struct {
	Params Params // of the hashes that are made
	// Peppers are a key outside the database: without it a stolen database cannot even be
	// tried against a list of passwords. The first one hashes; what another has hashed is
	// compared with that one, and is stale.
	Peppers secret.Ring
	// Slots is how many hashes are computed at once: fewer than there are cores, where
	// there is more than one, so that other logins go on whatever is typed.
	Slots int
	// Computing is told of each hash that is about to be computed, in its slot: for tests,
	// which count work because time cannot be measured in them. It may be nil.
	Computing func(Params)
}

// Hasher hashes and compares. It is safe for concurrent use.
type Hasher struct {
	c       Config
	keyID   string                 // of the first pepper
	peppers map[string]secret.Text // by key id
	queue
}

// New makes a Hasher.
func New(c Config) (*Hasher, error) {
	p := c.Params
	if len(c.Peppers) == 0 || c.Peppers.First().Empty() || c.Slots < 1 || p.Passes < 1 || p.Threads < 1 || p.MemoryKiB < 8*uint32(p.Threads) {
		return nil, fmt.Errorf("password: %+v, %d at once, is not possible", p, c.Slots)
	}
	if c.Computing == nil {
		c.Computing = func(Params) {}
	}
	h := &Hasher{c: c, keyID: KeyID(c.Peppers.First()), peppers: map[string]secret.Text{}, queue: newQueue(c.Slots)}
	for _, pepper := range c.Peppers {
		h.peppers[KeyID(pepper)] = pepper
	}
	return h, nil
}

// KeyID is what the texts that a pepper has made say of it.
func KeyID(pepper secret.Text) string { return pepper.Derive("password key id").Reveal()[:8] }

// Hash makes the text that is stored, in the PHC string format. It waits for a slot; the
// error is the context's.
func (p *Place) Hash(ctx context.Context, password secret.Text) (string, error) {
	return p.hash(ctx, p.hasher.c.Params, password)
}

func (p *Place) hash(ctx context.Context, cost Params, password secret.Text) (string, error) {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails (Go 1.24)
	stored := phc{Params: cost, keyID: p.hasher.keyID, salt: salt}
	sum, err := p.hasher.sum(ctx, stored, password, sumBytes)
	stored.sum = sum
	return stored.String(), err
}

// Verify compares a password with what is stored. stale says that the stored text
// should be replaced by a new Hash of the same password: its parameters or its pepper are
// not today's.
func (p *Place) Verify(ctx context.Context, stored string, password secret.Text) (right, stale bool, err error) {
	h := p.hasher
	old, err := parse(stored)
	if err != nil {
		return false, false, err
	}
	if _, known := h.peppers[old.keyID]; old.keyID != "" && !known {
		return false, false, errors.New("password: hashed with another key than keys.secret")
	}
	sum, err := h.sum(ctx, old, password, uint32(len(old.sum)))
	if err != nil {
		return false, false, err
	}
	right = subtle.ConstantTimeCompare(sum, old.sum) == 1
	return right, right && (old.Params != h.c.Params || old.keyID != h.keyID || len(old.salt) < saltBytes || len(old.sum) < sumBytes), nil
}

// Pretend takes the time of Verify, at the cost given, where there is nothing to compare
// with, so that the clock does not tell who has an account. No cost is that of Hash.
func (p *Place) Pretend(ctx context.Context, cost Params, password secret.Text) error {
	if cost == (Params{}) {
		cost = p.hasher.c.Params
	}
	_, err := p.hash(ctx, cost, password)
	return err
}

func (h *Hasher) sum(ctx context.Context, p phc, password secret.Text, bytes uint32) ([]byte, error) {
	free, err := h.slot(ctx, int(p.Threads))
	if err != nil {
		return nil, err
	}
	defer free()
	text := password.Reveal()
	if p.keyID != "" {
		text = h.peppers[p.keyID].Derive("password", text).Reveal()
	}
	h.c.Computing(p.Params)
	return argon2.IDKey([]byte(text), p.salt, p.Passes, p.MemoryKiB, p.Threads, bytes), nil
}

// phc is the stored text: $argon2id$v=19$m=…,t=…,p=…[,keyid=…]$salt$sum. Without a key
// id it was made elsewhere, by a system that these people come from.
type phc struct {
	Params
	keyID     string
	salt, sum []byte
}

func (p phc) String() string {
	b := base64.RawStdEncoding
	key := ""
	if p.keyID != "" {
		key = ",keyid=" + p.keyID
	}
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d%s$%s$%s", argon2.Version, p.MemoryKiB, p.Passes, p.Threads, key,
		b.EncodeToString(p.salt), b.EncodeToString(p.sum))
}

// dearest is how many times the work of today's parameters a hash from elsewhere may
// take. The usual ones of PHP, libsodium and argon2-cffi take up to seven. Whoever can
// make us work longer for a guess fills the queue with fewer of them.
const dearest = 8

// Check reports whether a text is one that Verify can compare with, at a bearable cost.
// It quotes nothing.
func Check(stored string) error {
	p, err := parse(stored)
	if err == nil && p.work() > dearest*DefaultParams().work() {
		return errDear
	}
	return err
}

// work is what a hash costs, in KiB that are filled.
func (p Params) work() uint64 { return uint64(p.MemoryKiB) * uint64(p.Passes) }

var errDear = fmt.Errorf("password: memory times passes must be at most %d, %d times the usual: every guess would cost as much",
	dearest*DefaultParams().work(), dearest)

var errStored = errors.New("password: not an Argon2id hash in PHC format, such as $argon2id$v=19$m=19456,t=2,p=1$salt$sum")

func parse(stored string) (phc, error) {
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return phc{}, errStored
	}
	var p phc
	params, keyID, keyed := strings.Cut(parts[3], ",keyid=")
	if keyed && keyID == "" {
		return phc{}, errStored
	}
	p.keyID = keyID
	if _, err := fmt.Sscanf(params, "m=%d,t=%d,p=%d", &p.MemoryKiB, &p.Passes, &p.Threads); err != nil {
		return phc{}, errStored
	}
	var err1, err2 error
	p.salt, err1 = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	p.sum, err2 = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	sizes := len(p.salt) >= 8 && len(p.salt) <= 64 && len(p.sum) >= 16 && len(p.sum) <= 64
	if err1 != nil || err2 != nil || !sizes || !p.possible() || p.String() != stored {
		return phc{}, errStored
	}
	return p, nil
}
