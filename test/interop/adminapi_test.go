package interop_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/core/provisioning"
	"avain/internal/domain/employment"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
)

// adminAPIFuzzer: a contract fuzzer that we did not write reads the published document of the
// admin API, sends what it allows and what it forbids, follows what was made from one operation
// to the next, and holds each answer against it.
func adminAPIFuzzer(t *testing.T) {
	t.Parallel()
	announce(t, "Schemathesis", "Python", pinned("python/requirements.in", `schemathesis==(.+)`))
	lookedAt(t, "python", "schemathesis*")
	d, _ := start(t, func(*config.Config) {})
	e := employment.Employer{ID: login.NewID(), Name: "Merituuli Oy", Locale: "fi", CreatedAt: time.Now()}
	if err := d.Inside.Store.Employments.AddEmployer(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	m := employment.Employment{ID: login.NewID(), Employer: e.ID, Kind: employment.UserSmartumPlus, ExternalID: "1", Email: "aino@example.com", CreatedAt: time.Now()}
	if err := d.Inside.Store.Employments.AddEmployment(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	i, err := d.Inside.Importer.Receive(t.Context(), "system", e.ID, provisioning.CSV, false, strings.NewReader("external_id,email\n2,nonsense\n"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := d.Inside.Notices.Publish(t.Context(), "system", operations.Notice{
		Severity: operations.SeverityInfo, Words: map[string]operations.NoticeWords{"fi": {Title: "Otsikko", Text: "Teksti"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	all := slices.DeleteFunc(operations.APIScopes(), func(s operations.APIScope) bool { return s == operations.ScopeSCIM })
	_, key, err := d.Inside.APIKeys.New(t.Context(), operations.APIKey{Name: "fuzzer", Scopes: all})
	if err != nil {
		t.Fatal(err)
	}
	fuzzer := exec.CommandContext(t.Context(), built(t, "python/bin/schemathesis"), "--config-file", "python/schemathesis.toml",
		"run", d.Admin+"/v1/openapi.json")
	fuzzer.Env = append(os.Environ(), "KEY="+key.Reveal(), "EMPLOYER="+e.ID, "PERSON="+m.ID, "IMPORT="+i.ID, "NOTICE="+n.ID, "HYPOTHESIS_STORAGE_DIRECTORY="+t.TempDir())
	said, err := fuzzer.CombinedOutput()
	t.Logf("%s", said)
	if err != nil {
		t.Error(err)
	}
}
