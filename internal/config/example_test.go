package config_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"avain/internal/config"
)

var update = flag.Bool("update", false, "write docs/config.example.yaml")

const committed = "../../docs/config.example.yaml"

// The committed example is what the program prints: `go test ./internal/config -update`
// writes it.
func TestExampleIsTheCommittedOne(t *testing.T) {
	t.Parallel()
	if *update {
		if err := os.WriteFile(committed, []byte(config.Example()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := string(must[[]byte](t)(os.ReadFile(committed))); got != config.Example() {
		t.Error("docs/config.example.yaml is out of date; run: go test ./internal/config -update")
	}
}

// exampleFolder makes every file that the example names.
func exampleFolder(t *testing.T) string {
	t.Helper()
	dir := folder(t)
	keys := must[[2][]byte](t)(rsaKeys())
	for _, broker := range []string{"telia", "idura"} {
		write(t, dir, "keys/"+broker+"-signing.pem", keys[0])
		write(t, dir, "keys/"+broker+"-decryption.pem", keys[1])
	}
	write(t, dir, "keys/telia-their-statement.jwt", statement(t, keys[0]))
	write(t, dir, "keys/benefits-api-secret", []byte(strings.Repeat("s", 43)))
	write(t, dir, "tls/fullchain.pem", certificate(t, keys[0]))
	write(t, dir, "tls/privkey.pem", keys[0])
	return dir
}

// teliaFingerprint is the one of the example: of Telia's own statement, which ours is not.
var teliaFingerprint = regexp.MustCompile(`E52C66B2[0-9A-F]{56}`)

func exampleFor(t *testing.T, dir string) string {
	t.Helper()
	raw := must[[]byte](t)(os.ReadFile(filepath.Join(dir, "keys/telia-their-statement.jwt")))
	if !teliaFingerprint.MatchString(config.Example()) {
		t.Fatal("the example shows no fingerprint")
	}
	return teliaFingerprint.ReplaceAllString(config.Example(), fmt.Sprintf("%x", sha256.Sum256(raw)))
}

func TestExampleLoads(t *testing.T) {
	t.Parallel()
	dir := exampleFolder(t)
	c, err := load(t, dir, exampleFor(t, dir))
	if err != nil {
		t.Fatalf("the example is refused:\n%v", err)
	}
	if len(c.Warnings) > 0 {
		t.Errorf("the example warns:\n%v", c.Warnings)
	}
	if c.Public.BaseURL != "https://login.example.com" || len(c.Clients) != 2 || len(c.Brokers) != 2 {
		t.Errorf("the example did not arrive: %+v", c)
	}
}

var commentedOut = regexp.MustCompile(`(?m)^( *)#([a-z_]+:)`)

// What the comments offer must be right too: with every # removed there is no
// unknown field and no value of the wrong form, and defaults are the defaults.
func TestExampleCommentsTellTheTruth(t *testing.T) {
	t.Parallel()
	dir := exampleFolder(t)
	all := commentedOut.ReplaceAllString(exampleFor(t, dir), "$1$2")
	_, err := load(t, dir, all)
	for line := range strings.SplitSeq(err.Error(), "\n") {
		for _, bad := range []string{"unknown field", "must be a", "not YAML", "written twice", "whole number", "true or false"} {
			if strings.Contains(line, bad) {
				t.Errorf("the example offers what is refused: %s", line)
			}
		}
	}

	defaultsOnly := minimal
	for _, section := range []string{"app", "tokens", "lifetimes", "limits", "retention", "hetu", "log"} {
		defaultsOnly += cut(t, all, section)
	}
	c, err := load(t, dir, defaultsOnly)
	if err != nil {
		t.Fatalf("the commented defaults are refused:\n%v", err)
	}
	want := config.Default()
	for name, pair := range map[string][2]any{
		"app": {c.App, want.App}, "tokens": {c.Tokens, want.Tokens}, "lifetimes": {c.Lifetimes, want.Lifetimes}, "limits": {c.Limits, want.Limits},
		"retention": {c.Retention, want.Retention}, "hetu": {c.HETU, want.HETU}, "log": {c.Log, want.Log},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: the example says %+v, the default is %+v", name, pair[0], pair[1])
		}
	}
}

// cut takes one section out of a file.
func cut(t *testing.T, text, section string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, "\n"+section+":\n")
	if !ok {
		t.Fatalf("the example has no section %s", section)
	}
	body, _, _ := strings.Cut(rest, "\n\n")
	return "\n" + section + ":\n" + body + "\n"
}

// Every field is explained: one that is added without a doc tag, or a broker's field
// that the table in this package does not know, shows up here.
func TestEveryFieldIsDocumented(t *testing.T) {
	t.Parallel()
	missing, stale := config.DocumentationGaps()
	for _, path := range missing {
		t.Errorf("%s has no documentation", path)
	}
	for _, path := range stale {
		t.Errorf("%s is documented and does not exist", path)
	}
}
