package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"avain/internal/broker"
	"avain/internal/config"
	"avain/internal/platform/keyset"
	"avain/internal/secret"
)

type keysNewCommand struct {
	Dir string `arg:"" help:"Folder for the keys; made when missing."`
}

// Help is shown by avain keys new --help.
func (keysNewCommand) Help() string {
	return `Makes three files that only this user can read: prf.json (hashes personal identity codes), aead.json (seals what the database holds) and secret (shared by all nodes). All nodes need the same ones. Without prf.json nobody can be found again, so back them up, apart from the database. Files that exist are never touched.

  avain keys new keys`
}

// Run makes the keys.
func (c keysNewCommand) Run(t terminal) error {
	prf, err := keyset.NewPRF()
	if err != nil {
		return err
	}
	aead, err := keyset.NewAEAD()
	if err != nil {
		return err
	}
	return writeKeys(t, c.Dir, map[string][]byte{
		"prf.json": prf, "aead.json": aead, "secret": []byte(secret.New().Reveal() + "\n"),
	})
}

type keysBrokerCommand struct {
	Dir string `arg:"" help:"Folder for the keys; made when missing."`
	ID  string `arg:"" help:"The broker's id in the configuration."`
}

// Help is shown by avain keys broker --help.
func (keysBrokerCommand) Help() string {
	return `Makes ID-signing.pem (signs our requests), ID-decryption.pem (opens its answers) and ID-entity.pem (signs what we publish; OP and Telia). Name them under our_keys. The public halves are served below /ftn/ID/ for the broker. Files that exist are never touched.

  avain keys broker keys telia`
}

type keysStatementCommand struct {
	configFlag
	ID   string `arg:"" help:"The broker's id in the configuration."`
	File string `arg:"" help:"The file to write."`
}

// Help is shown by avain keys statement --help.
func (keysStatementCommand) Help() string {
	return `Writes our entity statement for OP or Telia: who we are, our entity key, our redirect URI and where our signed keys are, signed with our_keys.entity and good for ten years. Hand the file to the broker and name it under our_keys.statement_file: every node then serves just this one. Make another one only when the entity key, the redirect URI or the organisation changes, and hand that over too. A file that exists is never touched.

  avain keys statement telia keys/telia-our-statement.jwt`
}

// Run makes the statement.
func (c keysStatementCommand) Run(t terminal) error {
	loaded, one, err := c.loadBroker(t, c.ID)
	if err != nil {
		return err
	}
	statement, err := broker.NewStatement(one, broker.Deps{CallbackURL: callbacks(loaded)})
	if err != nil {
		return err
	}
	if err := writeNew(c.File, statement); err != nil {
		return err
	}
	sum := fmt.Sprintf("%X", sha256.Sum256(statement))
	return t.say(map[string]string{"file": c.File, "sha256": sum}, "%s\nSHA-256 %s", c.File, sum)
}

// loadBroker reads the configuration, and in it the broker with the id.
func (f configFlag) loadBroker(t terminal, id string) (config.Config, broker.Config, error) {
	loaded, err := f.load(t)
	if err != nil {
		return config.Config{}, broker.Config{}, err
	}
	at := slices.IndexFunc(loaded.Brokers, func(b broker.Config) bool { return b.ID == id })
	if at < 0 {
		return config.Config{}, broker.Config{}, usageError{fmt.Errorf("no broker has the id %q; the configuration has %s", id, brokerIDs(loaded))}
	}
	return loaded, loaded.Brokers[at], nil
}

type keysJWKSCommand struct {
	configFlag
	ID string `arg:"" help:"The broker's id in the configuration."`
}

// Help is shown by avain keys jwks --help.
func (keysJWKSCommand) Help() string {
	return `Prints our public keys for a broker as a JSON Web Key Set, with or without --json, as the service serves it at /ftn/ID/jwks: what Idura and Signicat want uploaded in their dashboards.

  avain keys jwks idura > idura.jwks.json`
}

// Run prints the keys.
func (c keysJWKSCommand) Run(t terminal) error {
	loaded, one, err := c.loadBroker(t, c.ID)
	if err != nil {
		return err
	}
	registry, err := broker.New([]broker.Config{one}, broker.Deps{CallbackURL: callbacks(loaded)})
	if err != nil {
		return err
	}
	defer registry.Close()
	set, err := registry.JWKS(c.ID)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(t.out, string(set))
	return err
}

// Run makes the keys.
func (c keysBrokerCommand) Run(t terminal) error {
	if !broker.ValidID(c.ID) {
		return usageError{errors.New("the broker's id must be up to 32 small letters, digits and -, beginning with a letter")}
	}
	files := map[string][]byte{}
	for _, use := range []string{"signing", "decryption", "entity"} {
		key, err := broker.NewKey()
		if err != nil {
			return err
		}
		files[c.ID+"-"+use+".pem"] = key
	}
	return writeKeys(t, c.Dir, files)
}

// writeKeys writes new files. If one of them exists, none is written: half a set of
// new keys beside half a set of old ones would lock people out.
func writeKeys(t terminal, dir string, files map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there already; nothing was written, because what old keys have hashed or sealed cannot be read with new ones", filepath.Join(dir, name))
		}
	}
	var written []string
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := writeNew(path, files[name]); err != nil {
			return err
		}
		written = append(written, path)
	}
	return t.say(map[string][]string{"files": written}, "%s", strings.Join(written, "\n"))
}

// writeNew writes a file that nobody else can read, and that must not exist: the
// check is the system's own, so that nobody can slip a link in between.
func writeNew(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator names the folder
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		return errors.Join(err, f.Close())
	}
	// On disk before it is used: a key that a power cut takes away is gone for good.
	return errors.Join(f.Sync(), f.Close())
}
