package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"avain/internal/secret"
)

// The headers of Standard Webhooks.
const (
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

// sign sets the headers of a message: one signature per key, so that a receiver may
// change its secret at any moment while two are configured. The time is that of this
// try, which lets the receiver refuse what somebody has recorded.
func sign(h http.Header, keys [][]byte, id, body string, at time.Time) {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, len(keys))
	for i, key := range keys {
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac(key, id, timestamp, body))
	}
	h.Set(headerID, id)
	h.Set(headerTimestamp, timestamp)
	h.Set(headerSignature, strings.Join(signatures, " "))
}

func mac(key []byte, id, timestamp, body string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(id + "." + timestamp + "." + body))
	return m.Sum(nil)
}

// tolerance is how far a message's time may be from the receiver's.
const tolerance = 5 * time.Minute

// Why a receiver refuses a message.
var (
	ErrSignature = errors.New("no signature is right")
	ErrTimestamp = errors.New("the message is too old, or from the future")
)

// Verify is the receiver's side: it reports whether the message was signed with the
// secret and is fresh. The caller must also remember the ids that it has seen.
func Verify(text secret.Text, h http.Header, body []byte, now time.Time) error {
	key, err := keyOf(text)
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(h.Get(headerTimestamp), 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > tolerance {
		return ErrTimestamp
	}
	want := mac(key, h.Get(headerID), h.Get(headerTimestamp), string(body))
	for signature := range strings.SplitSeq(h.Get(headerSignature), " ") {
		encoded, ok := strings.CutPrefix(signature, "v1,")
		if !ok {
			continue
		}
		if got, err := base64.StdEncoding.DecodeString(encoded); err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return ErrSignature
}
