package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/platform/store"
	"avain/internal/platform/store/storetest"
)

// desk is an operator's command line at an installation.
type desk struct {
	t         *testing.T
	dir, file string
}

func newDesk(t *testing.T) desk {
	t.Helper()
	dir, file := installation(t)
	return desk{t, dir, file}
}

func (d desk) run(args ...string) (code int, stdout, stderr string) {
	d.t.Helper()
	var out, errs bytes.Buffer
	// The flag comes first: behind -- it would be an argument.
	args = append([]string{args[0], args[1], args[2], "--config", d.file}, args[3:]...)
	code = run(d.t.Context(), args, terminal{in: strings.NewReader(""), out: &out, err: &errs})
	return code, out.String(), errs.String()
}

// open looks into the installation's database while the test runs.
func (d desk) open() *store.Store {
	d.t.Helper()
	s, err := store.Open(d.t.Context(), store.Config{Driver: store.SQLite, Path: d.database(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			d.t.Error(err)
		}
	})
	return s
}

// bury gives up so many jobs of a kind, and leaves one waiting.
func (d desk) bury(kind string, n int) (ids []string) {
	d.t.Helper()
	s := d.open()
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	order := func() {
		j := queue.Job{ID: login.NewID(), Kind: kind, Payload: []byte(`{"id":"x"}`), At: at, CreatedAt: at}
		if err := s.Operations.AddJobs(d.t.Context(), j); err != nil {
			d.t.Fatal(err)
		}
	}
	for i := range n {
		order()
		held, err := s.Operations.ClaimJobs(d.t.Context(), []queue.Claim{{Kind: kind, Limit: 1, Until: at.Add(time.Minute)}}, at)
		if err != nil || len(held) != 1 {
			d.t.Fatal(held, err)
		}
		if err := s.Operations.BuryJob(context.Background(), held[0], at.Add(time.Duration(i)*time.Second), fmt.Sprintf("http_50%d \x1b[31m", i%10)); err != nil {
			d.t.Fatal(err)
		}
		ids = append(ids, held[0].ID)
	}
	order()
	return ids
}

func (d desk) database() string {
	d.t.Helper()
	found, err := filepath.Glob(filepath.Join(d.dir, "*.db"))
	if err != nil || len(found) != 1 {
		d.t.Fatalf("databases: %v, %v", found, err)
	}
	return found[0]
}

func TestJobsCommands(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	crm := d.bury("webhook.crm", 3)
	d.bury("mail.invitation", 1)

	want := "KIND             WAITING  DEAD  OLDEST DUE\nmail.invitation  1        1     2026-11-22 12:00:00\nwebhook.crm      1        3     2026-11-22 12:00:00\n"
	if code, out, stderr := d.run("admin", "jobs", "list"); code != 0 || out != want {
		t.Errorf("list: %d %s\n%s", code, stderr, out)
	}
	code, out, _ := d.run("admin", "jobs", "list", "--json")
	var kinds []kindLine
	if err := json.Unmarshal([]byte(out), &kinds); err != nil || code != 0 || len(kinds) != 2 || kinds[1].Dead != 3 {
		t.Errorf("list --json: %d %v %s", code, err, out)
	}

	code, out, _ = d.run("admin", "jobs", "dead", "--kind", "webhook.crm", "--limit", "2")
	lines := strings.Split(out, "\n")
	if code != 0 || len(lines) != 4 || lines[0] != "ID                      KIND         TRIES  GIVEN UP             WHY" ||
		lines[1] != crm[0]+"  webhook.crm  1      2026-11-22 12:00:00  http_500 [31m" {
		t.Errorf("dead: %d\n%q", code, out)
	}
	code, out, _ = d.run("admin", "jobs", "dead", "--json")
	var dead []deadLine
	if err := json.Unmarshal([]byte(out), &dead); err != nil || code != 0 || len(dead) != 4 || string(dead[0].Payload) == "" {
		t.Errorf("dead --json: %d %v %s", code, err, out)
	}
}

func TestJobsRetry(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	crm := d.bury("webhook.crm", 4)
	if code, out, stderr := d.run("admin", "jobs", "retry", "--", crm[0], crm[1]); code != 0 || out != "2 begun anew\n" {
		t.Errorf("%d %s %s", code, out, stderr)
	}
	// One of two is not on the list any more: the other is begun, and the slip is told.
	code, out, stderr := d.run("admin", "jobs", "retry", "--json", "--", crm[0], crm[2])
	if code != exitFailed || !strings.Contains(out, `"revived": 1`) || !strings.Contains(stderr, crm[0]+" is not on the list") {
		t.Errorf("%d %s %s", code, out, stderr)
	}
	if code, out, _ := d.run("admin", "jobs", "retry", "--kind", "webhook.crm"); code != 0 || out != "1 begun anew\n" {
		t.Errorf("%d %s", code, out)
	}
	if code, out, _ := d.run("admin", "jobs", "dead", "--json"); code != 0 || out != "[]\n" {
		t.Errorf("left: %d %s", code, out)
	}
	// Each is in the security log.
	s := d.open()
	entries, err := storetest.ReadAudit(t.Context(), s, 0, 100)
	var trail []string
	for _, e := range entries {
		if e.Action == "jobs.retry" {
			trail = append(trail, e.Actor+" "+e.Target+" "+e.Detail["jobs"])
		}
	}
	if want := []string{"system job:" + crm[0] + " 1", "system job:" + crm[1] + " 1", "system job:" + crm[2] + " 1", "system kind:webhook.crm 1"}; err != nil || !slices.Equal(trail, want) {
		t.Errorf("audit: %q, %v; want %q", trail, err, want)
	}
	for _, args := range [][]string{
		{}, {"--kind", "webhook.crm", crm[3]}, {"not-an-id"}, {"' OR 1=1"},
	} {
		if code, out, stderr := d.run(append([]string{"admin", "jobs", "retry"}, args...)...); code != exitUsage || out != "" || stderr == "" {
			t.Errorf("retry %v: %d %q %q", args, code, out, stderr)
		}
	}
	if code, _, _ := d.run("admin", "jobs", "dead", "--limit", "0"); code != exitUsage {
		t.Errorf("--limit 0: %d", code)
	}
}
