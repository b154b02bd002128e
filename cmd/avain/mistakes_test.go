package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A file that is wrong in every line floods no screen; programs get every mistake.
func TestManyMistakes(t *testing.T) {
	t.Parallel()
	dir, config := installation(t)
	var people, credentials, roster strings.Builder
	roster.WriteString("external_id;email\n")
	for n := range 1234 {
		people.WriteString(`{"hetu":"010190-900X"}` + "\n")
		credentials.WriteString(`{"user_name":"a"}` + "\n")
		fmt.Fprintf(&roster, "%d;nonsense\n", n)
	}
	files := map[string]string{"people": people.String(), "credentials": credentials.String(), "roster": roster.String()}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	employer := strings.TrimSpace(command(t, 0, "admin", "employers", "add", "Esimerkki", "-c", config))
	for _, c := range []struct {
		args        []string
		code, first int // line that is wrong
		more        string
	}{
		{[]string{"admin", "people", "add", filepath.Join(dir, "people")}, exitUsage, 1, "and 1214 more"},
		{[]string{"admin", "credentials", "add", filepath.Join(dir, "credentials")}, exitUsage, 1, "and 1214 more"},
		{[]string{"admin", "import", employer, filepath.Join(dir, "roster")}, exitFailed, 2, "and more"},
	} {
		args := slices.Concat(c.args, []string{"-c", config})
		text := command(t, c.code, args...)
		last := fmt.Sprintf("line %d: ", c.first+shownMistakes-1)
		if strings.Count(text, "line ") != shownMistakes || !strings.Contains(text, last) || !strings.Contains(text, "\n"+c.more+"; --json lists all of them\n") {
			t.Errorf("%v:\n%s", args, text)
		}
		var out, errs bytes.Buffer
		if got := run(t.Context(), slices.Concat(args, []string{"--json"}), terminal{in: strings.NewReader(""), out: &out, err: &errs}); got != c.code {
			t.Errorf("%v --json: exit code %d", args, got)
		}
		var document struct{ Mistakes []lineMistake }
		if err := json.Unmarshal(out.Bytes(), &document); err != nil || len(document.Mistakes) != 1234 || document.Mistakes[1233].Line != int64(c.first+1233) {
			t.Errorf("%v --json: %d mistakes, %v", args, len(document.Mistakes), err)
		}
	}
}
