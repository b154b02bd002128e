package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // RSA-OAEP of the brokers is with SHA-1 (RFC 7518 §4.3)
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// cryptoCommand times the bare cryptography of a login on the core that runs it, so
// that other figures can be given as ratios: absolute times differ between machines,
// and on one machine with what else it does.
type cryptoCommand struct {
	Runs int `required:"" help:"Runs of each operation."`
}

// cryptoTimes holds milliseconds of processor time per operation, one per run.
type cryptoTimes struct {
	RS256Sign   []float64 `json:"rs256_sign"`
	RS256Verify []float64 `json:"rs256_verify"`
	OAEPDecrypt []float64 `json:"oaep_decrypt"`
	ES256Sign   []float64 `json:"es256_sign"`
	ES256Verify []float64 `json:"es256_verify"`
}

// login is what one direct login costs at least, in milliseconds: the signed request
// to the broker and the assertion at its token endpoint, the id_token opened and
// verified, two tokens of our own signed, and two DPoP proofs of the app verified.
func (t cryptoTimes) login() []float64 {
	all := make([]float64, len(t.RS256Sign))
	for i := range all {
		all[i] = 2*t.RS256Sign[i] + t.OAEPDecrypt[i] + t.RS256Verify[i] + 2*t.ES256Sign[i] + 2*t.ES256Verify[i]
	}
	return all
}

// refresh is what one refresh costs at least: one proof verified, one token signed.
func (t cryptoTimes) refresh() []float64 {
	all := make([]float64, len(t.ES256Sign))
	for i := range all {
		all[i] = t.ES256Sign[i] + t.ES256Verify[i]
	}
	return all
}

// Run prints the times as JSON.
func (c cryptoCommand) Run(_ context.Context, out io.Writer) error {
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	short, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte("signed"))
	sealed, errSeal := rsa.EncryptOAEP(sha1.New(), rand.Reader, &long.PublicKey, digest[:], nil)
	signedRSA, errRSA := rsa.SignPKCS1v15(rand.Reader, long, crypto.SHA256, digest[:])
	signedEC, errEC := ecdsa.SignASN1(rand.Reader, short, digest[:])
	if err := errors.Join(errSeal, errRSA, errEC); err != nil {
		return err
	}
	var t cryptoTimes
	for range c.Runs {
		for _, o := range []struct {
			into *[]float64
			do   func() error
		}{
			{&t.RS256Sign, func() error { _, err := rsa.SignPKCS1v15(rand.Reader, long, crypto.SHA256, digest[:]); return err }},
			{&t.RS256Verify, func() error { return rsa.VerifyPKCS1v15(&long.PublicKey, crypto.SHA256, digest[:], signedRSA) }},
			{&t.OAEPDecrypt, func() error { _, err := rsa.DecryptOAEP(sha1.New(), nil, long, sealed, nil); return err }},
			{&t.ES256Sign, func() error { _, err := ecdsa.SignASN1(rand.Reader, short, digest[:]); return err }},
			{&t.ES256Verify, func() error {
				if !ecdsa.VerifyASN1(&short.PublicKey, digest[:], signedEC) {
					return errors.New("a good signature does not verify")
				}
				return nil
			}},
		} {
			took, err := costOf(o.do)
			if err != nil {
				return err
			}
			*o.into = append(*o.into, took)
		}
	}
	return json.NewEncoder(out).Encode(t)
}

// costOf repeats an operation for a while and returns the milliseconds of processor
// time that one takes: time on the core, which others can slow down but not steal.
func costOf(do func() error) (float64, error) {
	before, err := ownTime()
	if err != nil {
		return 0, err
	}
	n := 0
	for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); n++ {
		if err := do(); err != nil {
			return 0, err
		}
	}
	after, err := ownTime()
	return float64(after-before) / float64(time.Millisecond) / float64(n), err
}

// crypto measures the bare cryptography, in a process on the service's core.
func (r *rig) crypto(ctx context.Context) (cryptoTimes, error) {
	var t cryptoTimes
	var out *os.File
	child, err := r.spawn(program{
		name: "crypto", path: r.self, args: []string{"as-crypto", "--runs", fmt.Sprint(r.options.Runs)},
		service: true, out: func(f *os.File) { out = f },
	})
	if err != nil {
		return t, err
	}
	defer func() { _ = out.Close() }()
	err = json.NewDecoder(out).Decode(&t)
	select {
	case <-child.ended:
		return t, errors.Join(err, child.err, child.log.Close())
	case <-ctx.Done():
		return t, errors.Join(ctx.Err(), child.stop())
	}
}
