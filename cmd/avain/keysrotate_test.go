package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"avain/internal/app"

	"github.com/go-jose/go-jose/v4"
)

// Our entity key is changed with the statement that the broker knows it by: made first,
// handed over, and in use only when the operator says that the broker has it.
func TestThreat64EntityKeyWaitsForTheBroker(t *testing.T) {
	t.Parallel()
	b := newBrokerInstallation(t, "https://login.example.com")
	dir := filepath.Dir(b.file)
	command(t, 0, "migrate", "-c", b.file)
	command(t, exitFailed, "keys", "rotate", "telia/entity", "-c", b.file) // the broker has no statement yet
	command(t, 0, "keys", "statement", "telia", filepath.Join(dir, "keys/our-statement.jwt"), "-c", b.file)
	text := strings.Replace(string(must(os.ReadFile(b.file))), "organization_name:", "statement_file: keys/our-statement.jwt\n      organization_name:", 1)
	if err := os.WriteFile(b.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	rotate := func(want string, args ...string) app.KeyChange {
		t.Helper()
		var change app.KeyChange
		out := command(t, 0, slices.Concat([]string{"keys", "rotate", "telia/entity", "--json", "-c", b.file}, args)...)
		if err := json.Unmarshal([]byte(out), &change); err != nil || change.Step != want {
			t.Fatalf("%s, %v; want %s", out, err, want)
		}
		return change
	}
	agrees := func() {
		t.Helper()
		if got := command(t, 0, "admin", "brokers", "test", "telia", "-c", b.file); !strings.Contains(got, "our-statement.jwt agrees with the configuration") {
			t.Errorf("printed %s", got)
		}
	}
	if change := rotate(app.StepAdded); !strings.Contains(change.Next, "our-statement.jwt.next") || !strings.Contains(change.Next, "--handed-over") {
		t.Errorf("nobody is told what to hand over: %+v", change)
	}
	first := string(must(os.ReadFile(filepath.Join(dir, "keys/our-statement.jwt.next"))))
	rotate(app.StepAdded)
	if again := string(must(os.ReadFile(filepath.Join(dir, "keys/our-statement.jwt.next")))); again != first {
		t.Error("another statement than the one that was handed over")
	}
	agrees()
	if out := command(t, 0, "keys", "status", "-c", b.file); !strings.Contains(out, "changing") {
		t.Errorf("status: %s", out)
	}
	rotate(app.StepUsed, "--handed-over")
	if now := strings.TrimSpace(string(must(os.ReadFile(filepath.Join(dir, "keys/our-statement.jwt"))))); now != strings.TrimSpace(first) {
		t.Error("what is served is not what was handed over")
	}
	agrees()
	rotate(app.StepNone, "--force", "0")
	agrees()
	statement, err := jose.ParseSignedCompact(strings.TrimSpace(first), []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := statement.Verify(publicOf(t, filepath.Join(dir, "keys/telia-entity.pem"), "sig").Key); err != nil {
		t.Errorf("the key that is left is not the statement's: %v", err)
	}
	command(t, exitUsage, "keys", "rotate", "nobody", "-c", b.file)
	command(t, exitUsage, "keys", "rotate", "prf", "--force", "1", "--abandon", "-c", b.file)
}

// One in 64 keys has a name that begins like a flag.
func TestKeysNamedLikeFlags(t *testing.T) {
	t.Parallel()
	const kid = "-C9HhNTVw1XWzTNwHmVzqFhcFQhpWwlFOTaqVzqFhcF"
	for _, args := range [][]string{
		{"keys", "revoke", kid, "-c", "avain.yaml", "--json"}, {"keys", "revoke", "-c", "avain.yaml", kid}, {"keys", "revoke", "--", kid},
	} {
		if got := accustomed(args); !slices.Equal(got[len(got)-2:], []string{"--", kid}) {
			t.Errorf("%q is read as %q", args, got)
		}
	}
	_, file := installation(t)
	if out := command(t, exitFailed, "keys", "revoke", "-c", file, kid, "--json"); strings.Contains(out, "flag") {
		t.Errorf("printed %s", out)
	}
}
