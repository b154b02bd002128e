package reasons_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"slices"
	"testing"

	"avain/internal/domain/login"
	"avain/internal/domain/reasons"
)

var update = flag.Bool("update", false, "write app/reasons.json")

// The app's build reads which reason leads to which of its failures; the entries say so.
func TestAppReasons(t *testing.T) {
	t.Parallel()
	const path = "app/reasons.json"
	failures := map[login.Reason]string{}
	for _, e := range reasons.All() {
		failures[e.Reason] = e.App
	}
	want, err := json.MarshalIndent(failures, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(path, want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is out of date: go test ./internal/domain/reasons -update (%v)", path, err)
	}
}

// Failures that the app finds by itself, before any server has answered.
var ofTheApp = []string{"network", "storage"}

func TestAppWordsAreComplete(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, e := range reasons.All() {
		used[e.App] = true
	}
	for _, name := range ofTheApp {
		used[name] = true
	}
	for _, lang := range reasons.Languages() {
		text, err := os.ReadFile("app/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var words map[string]struct{ Title, Text string }
		if err := json.Unmarshal(text, &words); err != nil {
			t.Fatal(err)
		}
		if have, want := slices.Sorted(maps.Keys(words)), slices.Sorted(maps.Keys(used)); !slices.Equal(have, want) {
			t.Errorf("%s: the app has words for\n%v\nand needs them for\n%v", lang, have, want)
		}
		for name, w := range words {
			if len(w.Title) < 8 || len(w.Text) < 20 {
				t.Errorf("%s %s: %q, %q", lang, name, w.Title, w.Text)
			}
		}
	}
}
