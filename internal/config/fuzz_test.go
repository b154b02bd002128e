package config_test

import (
	"errors"
	"strings"
	"testing"

	"avain/internal/config"
)

// FuzzLoad feeds files to the reader: none may crash it, none that it accepts may
// lack what the service cannot do without, and no list of mistakes may be empty or
// show a secret.
func FuzzLoad(f *testing.F) {
	f.Add(minimal)
	f.Add(mistakes)
	f.Add(config.Example())
	f.Add("")
	f.Add("a: {b: [c, {d: !!binary x}], <<: *e}")
	f.Add("? [complex]\n: key\n")
	f.Add(strings.Repeat("[", 1000))
	f.Add("public:\n\t- tab")
	f.Add("keys: {secret_env: CANARY, secret: |\n  text\n}")
	dir := folder(f)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := config.Parse([]byte(text), dir, []string{"CANARY=canary-canary-canary-canary-canary"})
		if err == nil {
			if c.Public.BaseURL == "" || len(c.Clients) == 0 || len(c.Brokers) == 0 || c.Keys.PRFKeyset.Empty() {
				t.Fatalf("accepted without what is needed: %+v", c)
			}
			return
		}
		var problems config.Problems
		if !errors.As(err, &problems) || len(problems) == 0 {
			t.Fatalf("no list of problems: %v", err)
		}
		for _, p := range problems {
			if p.Message == "" || strings.Contains(p.String(), "canary-canary") {
				t.Fatalf("a bad problem: %+v", p)
			}
		}
	})
}
