package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestMain lets the test be the other processes too, as the program is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "as-") {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestMeasures makes every measure once, too short to mean anything but for the page:
// its weight is the same on every machine, so its bar is held here.
func TestMeasures(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Log("bench measures on Linux only")
		return
	}
	folder := t.TempDir()
	avain := filepath.Join(folder, "avain-test")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", avain, "avain/cmd/avain").CombinedOutput(); err != nil { //nolint:gosec // constant but for the folder
		t.Fatalf("%v: %s", err, out)
	}
	var out bytes.Buffer
	err := run(t.Context(), []string{
		"--json", "--avain", avain, "--data", filepath.Join(folder, "data"),
		"--runs", "1", "--duration", "200ms", "--concurrency", "2", "--people", "3", "--rate", "20",
		"--waiting", "40", "--scale", "2000", "--import", "500", "--tries", "20",
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	var document struct{ Figures []figure }
	if err := json.Unmarshal(out.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	for _, f := range document.Figures {
		tooSmall := f.Name == "waiting_memory" || f.Name == "waiting_core_share" // of forty apps
		if f.Value <= 0 && !tooSmall {
			t.Errorf("%s is %g", f.Name, f.Value)
		}
	}
	for _, name := range []string{"direct_logins", "attempts_started", "refreshes", "start_to_ready", "memory_idle", "step_token_p99", "confirm_digits_p99", "waiting_all_told", "names_password_auc", "names_letter_auc", "import_rows", "import_memory", "scale_login_p99_ratio", "console_name_p99", "console_overview_p99"} {
		if !slices.ContainsFunc(document.Figures, func(f figure) bool { return f.Name == name }) {
			t.Errorf("no figure %s", name)
		}
	}
	page := document.Figures[slices.IndexFunc(document.Figures, func(f figure) bool { return f.Name == "login_page" })]
	if !page.Bar.met(page.Value) {
		t.Errorf("the login page weighs %s", page)
	}
}

func TestMistakesOnTheCommandLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, says string }{
		{"--only everything", `no measure "everything"; there are crypto, binary,`},
		{"--runs 0", "must be at least 1"},
		{"--scale 1000", "must be more than 1000"},
		{"--duration 1ms", "at least 100ms"},
		{"--fast", "unknown flag --fast"},
	} {
		err := run(t.Context(), strings.Fields(c.args), &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.args, err)
		}
	}
}
