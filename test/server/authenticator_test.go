package server_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// authenticator is a passkey in software (WebAuthn Level 3, §6): it signs what it is told
// to, also what a real one never would.
type authenticator struct {
	key     *ecdsa.PrivateKey
	id      []byte
	handle  string // user.id of whoever it was made for, base64url
	rpID    string
	origin  string
	flags   byte
	counter uint32
}

const (
	userPresent  = 0x01
	userVerified = 0x04
	attested     = 0x40
)

func newAuthenticator(t *testing.T, origin string) *authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 32)
	_, _ = rand.Read(id)
	return &authenticator{key: key, id: id, rpID: "localhost", origin: origin, flags: userPresent | userVerified, counter: 1}
}

func b64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// data is the authenticator data (§6.1).
func (a *authenticator) data(extra []byte) []byte {
	host := sha256.Sum256([]byte(a.rpID))
	flags := a.flags
	if extra != nil {
		flags |= attested
	}
	out := append(host[:], flags)
	return append(binary.BigEndian.AppendUint32(out, a.counter), extra...)
}

func (a *authenticator) client(kind, challenge string) []byte {
	text, _ := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.origin, "crossOrigin": false})
	return text
}

// head is the head of a CBOR item: its major type and a length or value below 65536.
func head(major byte, n int) []byte {
	switch {
	case n < 24:
		return []byte{major<<5 | byte(n)}
	case n < 256:
		return []byte{major<<5 | 24, byte(n)}
	default:
		return []byte{major<<5 | 25, byte(n >> 8), byte(n)}
	}
}

func cborText(s string) []byte  { return append(head(3, len(s)), s...) }
func cborBytes(b []byte) []byte { return append(head(2, len(b)), b...) }

// create answers what a browser sends after navigator.credentials.create.
func (a *authenticator) create(options creation) map[string]any {
	a.handle = options.Options.PublicKey.User.ID
	point, _ := a.key.PublicKey.Bytes()
	cose := head(5, 5) // kty: EC2, alg: ES256, crv: P-256, x, y (RFC 9053 §7.1)
	for _, part := range [][]byte{{0x01, 0x02}, {0x03, 0x26}, {0x20, 0x01}, {0x21}, cborBytes(point[1:33]), {0x22}, cborBytes(point[33:65])} {
		cose = append(cose, part...)
	}
	credential := append(make([]byte, 16), byte(len(a.id)>>8), byte(len(a.id)))
	credential = append(append(credential, a.id...), cose...)
	object := head(5, 3)
	for _, part := range [][]byte{cborText("fmt"), cborText("none"), cborText("attStmt"), head(5, 0), cborText("authData"), cborBytes(a.data(credential))} {
		object = append(object, part...)
	}
	return a.answer(map[string]any{
		"clientDataJSON": b64url(a.client("webauthn.create", options.Options.PublicKey.Challenge)), "attestationObject": b64url(object), "transports": []string{"internal"},
	})
}

// get answers what a browser sends after navigator.credentials.get.
func (a *authenticator) get(t *testing.T, challenge string) map[string]any {
	t.Helper()
	client, data := a.client("webauthn.get", challenge), a.data(nil)
	sum := sha256.Sum256(client)
	signed := sha256.Sum256(append(bytes.Clone(data), sum[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, signed[:])
	if err != nil {
		t.Fatal(err)
	}
	return a.answer(map[string]any{
		"clientDataJSON": b64url(client), "authenticatorData": b64url(data), "signature": b64url(signature), "userHandle": a.handle,
	})
}

func (a *authenticator) answer(response map[string]any) map[string]any {
	return map[string]any{
		"id": b64url(a.id), "rawId": b64url(a.id), "type": "public-key", "authenticatorAttachment": "platform",
		"clientExtensionResults": map[string]any{}, "response": response,
	}
}

// creation is what the console says before a passkey is made, assertion before one is used.
type creation struct {
	Options struct {
		PublicKey struct {
			Challenge              string
			Attestation            string
			User                   struct{ ID, Name string }
			RP                     struct{ ID string }
			AuthenticatorSelection struct{ UserVerification, ResidentKey string }
		}
	}
}

type assertion struct {
	Options struct {
		PublicKey struct {
			Challenge, RPID, UserVerification string
			AllowCredentials                  []any
		}
	}
}

// agent is somebody of the staff with a browser, and perhaps a passkey.
type agent struct {
	*rig
	id   string
	http *http.Client
	key  *authenticator

	cookies []*http.Cookie // that the console has set, with their attributes
}

// answered is what the console said.
type answered struct {
	Status   int
	Body     string
	Header   http.Header
	Location string
}

func (r *rig) stranger() *agent {
	r.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.Fatal(err)
	}
	transport := &http.Transport{}
	r.Cleanup(transport.CloseIdleConnections)
	return &agent{rig: r, http: &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (a *agent) send(method, path, kind string, body io.Reader, header ...string) answered {
	a.Helper()
	request, err := http.NewRequestWithContext(context.WithoutCancel(a.Context()), method, a.Admin+path, body)
	if err != nil {
		a.Fatal(err)
	}
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	request.Header.Set("Accept", "text/html")
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer, err := a.http.Do(request)
	if err != nil {
		a.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		a.Fatal(err)
	}
	a.cookies = append(a.cookies, answer.Cookies()...)
	return answered{answer.StatusCode, string(text), answer.Header, answer.Header.Get("Location")}
}

func (a *agent) get(path string) answered { a.Helper(); return a.send(http.MethodGet, path, "", nil) }

func (a *agent) post(path string, form url.Values) answered {
	a.Helper()
	return a.send(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

// script posts as the console's own script does, and decodes the answer.
func (a *agent) script(path string, body, into any) answered {
	a.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		a.Fatal(err)
	}
	got := a.send(http.MethodPost, path, "application/json", bytes.NewReader(text), "Accept", "application/json")
	if into != nil && got.Status == http.StatusOK {
		if err := json.Unmarshal([]byte(got.Body), into); err != nil {
			a.Fatalf("%s: %v\n%s", path, err, got.Body)
		}
	}
	return got
}

// make opens the link of an invitation, with the passkey that the agent has.
func (a *agent) make(link string) answered {
	a.Helper()
	_, ticket, _ := strings.Cut(link, "#")
	var options creation
	if got := a.script("/console/invited/begin", map[string]string{"ticket": ticket}, &options); got.Status != http.StatusOK {
		return got
	}
	return a.script("/console/invited/finish", a.key.create(options), nil)
}

// signIn uses the passkey.
func (a *agent) signIn() answered {
	a.Helper()
	var options assertion
	if got := a.script("/console/sign-in/begin", nil, &options); got.Status != http.StatusOK {
		return got
	}
	a.key.counter++
	return a.script("/console/sign-in/finish", a.key.get(a.T, options.Options.PublicKey.Challenge), nil)
}

// confirm proves once more who is there, for one act, and answers the proof.
func (a *agent) confirm(act string) (proof string, got answered) {
	a.Helper()
	var options assertion
	if got := a.script("/console/confirm/begin", map[string]string{"act": act}, &options); got.Status != http.StatusOK {
		return "", got
	}
	a.key.counter++
	var said struct{ Confirmed string }
	got = a.script("/console/confirm/finish", a.key.get(a.T, options.Options.PublicKey.Challenge), &said)
	return said.Confirmed, got
}

// postConfirmed posts a form with a fresh proof, as the page that asks for it does.
func (a *agent) postConfirmed(path string, form url.Values) answered {
	a.Helper()
	address, err := url.Parse(a.Admin + path)
	if err != nil {
		a.Fatal(err)
	}
	proof, got := a.confirm(address.EscapedPath())
	if proof == "" {
		return got
	}
	sent := url.Values{"confirmed": {proof}}
	maps.Copy(sent, form)
	return a.post(path, sent)
}

// addPasskey makes another passkey for whoever is signed in.
func (a *agent) addPasskey(key *authenticator) answered {
	a.Helper()
	proof, got := a.confirm("/console/passkeys/begin")
	if proof == "" {
		return got
	}
	var options creation
	if got := a.script("/console/passkeys/begin", map[string]string{"confirmed": proof}, &options); got.Status != http.StatusOK {
		return got
	}
	return a.script("/console/passkeys/finish", key.create(options), nil)
}
