package interop_test

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/domain/employment"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
)

// scimTester: a tester that we did not write tries all of SCIM: discovery, each attribute made, read,
// replaced, patched and removed, answers in part, and errors.
func scimTester(t *testing.T) {
	t.Parallel()
	announce(t, "scim2-tester", "Python", pinned("python/requirements.in", `scim2-tester==(.+)`))
	lookedAt(t, "python", "*.py")
	d, _ := start(t, func(*config.Config) {})
	e := employment.Employer{ID: login.NewID(), Name: "Merituuli Oy", Locale: "fi", CreatedAt: time.Now()}
	if err := d.Inside.Store.Employments.AddEmployer(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	_, key, err := d.Inside.APIKeys.New(t.Context(), operations.APIKey{Name: "directory", Scopes: []operations.APIScope{operations.ScopeSCIM}, Employers: []string{e.ID}})
	if err != nil {
		t.Fatal(err)
	}
	tester := exec.CommandContext(t.Context(), built(t, "python/bin/python"), "python/scim_check.py")
	tester.Env = append(os.Environ(), "SCIM="+d.Admin+"/scim/v2", "KEY="+key.Reveal())
	said, err := tester.CombinedOutput()
	t.Logf("%s", said)
	if err != nil {
		t.Error(err)
	}
}
