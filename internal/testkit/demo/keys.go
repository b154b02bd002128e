package demo

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"avain/internal/platform/keyset"
	"avain/internal/secret"
	"avain/internal/testkit/brokersim"

	"github.com/go-jose/go-jose/v4"
)

// Keys are all private keys of a demo. Making them takes most of its start-up time,
// so tests make them once and share them.
type Keys struct {
	Signing    *rsa.PrivateKey // ours: signs requests to the brokers
	Decryption *rsa.PrivateKey // ours: opens id_tokens
	Entity     *rsa.PrivateKey // ours: signs what we publish
	Broker     brokersim.Keys  // of the simulated brokers
}

// NewKeys makes a set.
func NewKeys() (Keys, error) {
	var k Keys
	err := k.complete()
	return k, err
}

// files names the keys as they lie in the demo's folder.
func (k *Keys) files() map[string]**rsa.PrivateKey {
	return map[string]**rsa.PrivateKey{
		"broker-sig.pem": &k.Signing, "broker-enc.pem": &k.Decryption, "broker-entity.pem": &k.Entity,
		"sim-entity.pem": &k.Broker.Entity, "sim-next-entity.pem": &k.Broker.NextEntity,
		"sim-current.pem": &k.Broker.Current, "sim-next.pem": &k.Broker.Next, "sim-encryption.pem": &k.Broker.Encryption,
	}
}

// complete makes what is missing, on all cores.
func (k *Keys) complete() error {
	files := k.files()
	failed := make(chan error, len(files))
	var all sync.WaitGroup
	for _, key := range files {
		if *key == nil {
			all.Go(func() {
				made, err := rsa.GenerateKey(rand.Reader, 2048)
				*key = made
				failed <- err
			})
		}
	}
	all.Wait()
	close(failed)
	for err := range failed {
		if err != nil {
			return fmt.Errorf("make keys: %w", err)
		}
	}
	return nil
}

// keyFolder is where the key files of the configuration are.
const keyFolder = "keys"

// write puts the key files where the configuration names them, unless they are
// there: a demo that keeps its data keeps its keys.
func (k Keys) write(folder string) error {
	prf, err := keyset.NewPRF()
	if err != nil {
		return fmt.Errorf("make keyset: %w", err)
	}
	aead, err := keyset.NewAEAD()
	if err != nil {
		return fmt.Errorf("make keyset: %w", err)
	}
	files := map[string][]byte{"prf.json": prf, "aead.json": aead, "secret": []byte(secret.New().Reveal() + "\n")}
	for name, key := range k.files() {
		der, err := x509.MarshalPKCS8PrivateKey(*key)
		if err != nil {
			return fmt.Errorf("encode %s: %w", name, err)
		}
		files[name] = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	return writeNew(filepath.Join(folder, keyFolder), files)
}

// readKeys reads what an earlier demo wrote, and makes what that one did not know yet.
// It reports false when there is nothing.
func readKeys(folder string) (Keys, bool, error) {
	var k Keys
	found := false
	for name, key := range k.files() {
		path := filepath.Join(folder, keyFolder, name)
		text, err := os.ReadFile(path) //nolint:gosec // the demo's own folder
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return Keys{}, false, err
		}
		block, _ := pem.Decode(text)
		if block == nil {
			return Keys{}, false, fmt.Errorf("%s: not a PEM file; remove the folder to start afresh", path)
		}
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		private, ok := parsed.(*rsa.PrivateKey)
		if err != nil || !ok {
			return Keys{}, false, fmt.Errorf("%s: not an RSA key; remove the folder to start afresh", path)
		}
		*key, found = private, true
	}
	if !found {
		return Keys{}, false, nil
	}
	return k, true, k.complete()
}

// publicKey is a key as a broker gets it out of band: named by its thumbprint.
func publicKey(key *rsa.PublicKey) (jose.JSONWebKey, error) {
	jwk := jose.JSONWebKey{Key: key, Algorithm: string(jose.RS256), Use: "sig"}
	sum, err := jwk.Thumbprint(crypto.SHA256)
	jwk.KeyID = base64.RawURLEncoding.EncodeToString(sum)
	return jwk, err
}

// writeNew writes the files that do not exist, readable by their owner only.
func writeNew(folder string, files map[string][]byte) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for name, content := range files {
		f, err := os.OpenFile(filepath.Join(folder, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the demo's own folder
		if os.IsExist(err) {
			continue
		}
		if err != nil {
			return err
		}
		if _, err := f.Write(content); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}
