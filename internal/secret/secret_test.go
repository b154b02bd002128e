package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"avain/internal/secret"

	"pgregory.net/rapid"
)

// A secret must not leave through any of the doors that Go opens by itself.
func TestTextIsNeverPrinted(t *testing.T) {
	t.Parallel()
	const canary = "canary-4711"
	text := secret.Of(canary)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", text, "wrapped", struct{ S secret.Text }{text})
	asJSON, err := json.Marshal(map[string]any{"a": text, "b": []secret.Text{text}})
	if err != nil {
		t.Fatal(err)
	}
	for door, out := range map[string]string{
		"%v": fmt.Sprintf("%v", text), "%+v": fmt.Sprintf("%+v", struct{ S secret.Text }{text}),
		"%#v": fmt.Sprintf("%#v", text), "%s": fmt.Sprintf("%s", text), "%q": fmt.Sprintf("%q", text),
		"%x": fmt.Sprintf("%x", text), "json": string(asJSON), "slog": log.String(), "print": fmt.Sprint(&text),
	} {
		if strings.Contains(out, canary) || strings.Contains(out, fmt.Sprintf("%x", canary)) {
			t.Errorf("%s shows the secret: %s", door, out)
		}
	}
}

func TestNewSecretsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		for _, s := range []secret.Text{secret.New(), secret.NewShort()} {
			if seen[s.Reveal()] {
				t.Fatal("a secret was made twice")
			}
			seen[s.Reveal()] = true
		}
	}
	if got := len(secret.New().Reveal()); got != 43 {
		t.Errorf("New: %d characters, want 43", got)
	}
	if got := len(secret.NewShort().Reveal()); got != 22 {
		t.Errorf("NewShort: %d characters, want 22", got)
	}
}

func TestDeriveSeparatesPurposeAndContext(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.String(), 2, 4)
		key := secret.Of(rapid.String().Draw(t, "key"))
		a, b := parts.Draw(t, "a"), parts.Draw(t, "b")
		same := fmt.Sprintf("%q", a) == fmt.Sprintf("%q", b)
		da, db := key.Derive(a[0], a[1:]...), key.Derive(b[0], b[1:]...)
		if da.Equal(db) != same {
			t.Fatalf("Derive(%q) and Derive(%q): equal is %v, want %v", a, b, !same, same)
		}
	})
}
