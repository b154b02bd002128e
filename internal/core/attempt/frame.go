package attempt

import (
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"avain/internal/domain/login"
	"avain/internal/secret"
)

const (
	// framePrefix is not that of an address: the phone's own camera shows a text, and
	// opens nothing (threat 30).
	framePrefix = "AVAIN1:"
	// frameStep is how long one frame is shown; with its predecessor, a photograph is
	// good for a minute at most.
	frameStep = 30 * time.Second
	// macLength cuts a frame's proof to 96 bits, in characters of base64url: fewer
	// squares for the camera, and still nothing to guess within a minute.
	macLength = 16
	// typedLength is that of a code for those who cannot scan: 50 bits.
	typedLength = 10
	// maxPayload bounds what is looked at, in bytes.
	maxPayload = 128
)

// crockford is Douglas Crockford's base 32, which has no I, L, O and U: made to be
// read from one screen and typed into another.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// frames makes what QR pages show and checks what phones bring back. Everything is
// derived from the page's id with a key outside the database, so that whoever reads
// the database can show no code, and a page can be drawn again by any node. A page names
// the generation of the key that it began with, and stays with it on every node.
type frames secret.Ring

// first makes what is new.
func (f frames) first() frameKey { return frameKey{f[0]} }

// of makes what belongs to a page.
func (f frames) of(p login.QRPage) frameKey { return frameKey{secret.Ring(f).Named(p.Key)} }

// frameKey is one generation of the key.
type frameKey struct{ key secret.Text }

// frame is what a QR code says at the time: page, time step, proof.
func (f frameKey) frame(page string, at time.Time) string {
	step := at.Unix() / int64(frameStep.Seconds())
	return framePrefix + page + "." + strconv.FormatInt(step, 10) + "." + f.mac(page, step)
}

func (f frameKey) mac(page string, step int64) string {
	return f.key.Derive("qr frame", page, strconv.FormatInt(step, 10)).Reveal()[:macLength]
}

// open reads a scanned code: the page that it is of, or why it is of no use.
// ReasonQRUnknown is what we have not made, ReasonQRExpired a frame older than its
// predecessor.
func (f frames) open(payload string, at time.Time) (page string, reason login.Reason) {
	rest, ours := strings.CutPrefix(payload, framePrefix)
	parts := strings.Split(rest, ".")
	if !ours || len(payload) > maxPayload || len(parts) != 3 || !login.ValidID(parts[0]) {
		return "", login.ReasonQRUnknown
	}
	step, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || step < 0 || strconv.FormatInt(step, 10) != parts[1] {
		return "", login.ReasonQRUnknown
	}
	if !slices.ContainsFunc(f, func(key secret.Text) bool {
		return secret.Of(frameKey{key}.mac(parts[0], step)).Equal(secret.Of(parts[2]))
	}) {
		return "", login.ReasonQRUnknown
	}
	now := at.Unix() / int64(frameStep.Seconds())
	if step != now && step != now-1 {
		return "", login.ReasonQRExpired
	}
	return parts[0], ""
}

// typed is the code to type for a page, as long as it lives until the end given.
func (f frameKey) typed(page string, until time.Time) string {
	sum := f.key.Derive("typed code", page, strconv.FormatInt(until.UnixMilli(), 10)).Hash()
	return crockford.EncodeToString(sum[:])[:typedLength]
}

// typedHash is what the database holds of a typed code. It is keyed, because 50 bits
// could be tried out.
func (f frameKey) typedHash(code string) secret.Hash {
	return f.key.Derive("typed code hash", code).Hash()
}

// readTyped reads a code as people type it: case, spaces and dashes do not matter, and
// letters that look like digits are those digits.
func readTyped(s string) (string, bool) {
	if len(s) > maxPayload {
		return "", false
	}
	var b strings.Builder
	for _, c := range strings.ToUpper(s) {
		switch c {
		case ' ', '-', '–', '\u00a0':
			continue
		case 'O':
			c = '0'
		case 'I', 'L':
			c = '1'
		}
		if !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' && c != 'U') {
			return "", false
		}
		b.WriteRune(c)
	}
	return b.String(), b.Len() == typedLength
}

// number is the two digits that the phone shows and the page asks for.
func (f frameKey) number(page, attempt string) string {
	sum := f.key.Derive("match number", page, attempt).Hash()
	return fmt.Sprintf("%02d", binary.BigEndian.Uint64(sum[:8])%100)
}

// authSession names the login of the phone that claimed a page. A phone that lost our
// answer asks again with the same key and challenge, and gets the same one.
func (f frameKey) authSession(page, key, challenge string) secret.Text {
	return f.key.Derive("qr auth session", page, key, challenge)
}

// network is what the database holds of a caller's network; nothing when it is
// unknown, which is like no other.
func (f frameKey) network(key string) secret.Hash {
	if key == "" {
		return secret.Hash{}
	}
	return f.key.Derive("network", key).Hash()
}
