package provisioning_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"avain/internal/core/provisioning"
	"avain/internal/domain/employment"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/platform/audit"
	"avain/internal/platform/jobs"
	"avain/internal/platform/store"
	"avain/internal/platform/store/storetest"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// clerk makes records without invitations.
type clerk struct{}

func (clerk) Prepare(m employment.Employment, _ bool) (employment.HireRequest, error) {
	m.ID, m.CreatedAt, m.UpdatedAt = login.NewID(), now, now
	return employment.HireRequest{Employment: m}, nil
}

func (clerk) Lookup(_ context.Context, code hetu.Code) ([]byte, error) {
	if code.Zero() {
		return nil, nil
	}
	return []byte("keyed hash of a code"), nil
}

// desk is an importer on a real database.
type desk struct {
	*provisioning.Importer
	db       *store.Store
	employer string
}

func newDesk(t *testing.T) desk {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{Driver: store.SQLite, Path: storetest.Fresh(t), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := desk{db: db, employer: login.NewID()}
	d.Importer = &provisioning.Importer{
		Store: db.Employments, People: clerk{}, Now: func() time.Time { return now }, Rows: 2000,
		Rules: provisioning.Rules{Kinds: []string{"lunch"}, HETU: hetu.Artificial, Zone: time.UTC},
		Audit: audit.New(db.Audit, func() time.Time { return now }, slog.New(slog.DiscardHandler)),
	}
	if err := db.Employments.AddEmployer(t.Context(), employment.Employer{ID: d.employer, Name: "A", Locale: "fi", CreatedAt: now}); err != nil {
		t.Fatal(err)
	}
	return d
}

// claim takes every job that is due.
func (d desk) claim(t *testing.T) []queue.Job {
	t.Helper()
	all, err := d.db.Operations.ClaimJobs(t.Context(), []queue.Claim{{Kind: provisioning.JobChunk, Limit: 1000, Until: now.Add(time.Minute)}}, now)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (d desk) people(t *testing.T) int {
	t.Helper()
	all, err := d.db.Employments.Employments(t.Context(), d.employer, store.EmploymentFilter{}, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func file(n int) string {
	var b strings.Builder
	b.WriteString("external_id,email,hetu\n")
	for i := range n {
		fmt.Fprintf(&b, "%d,p%d@example.com,100190-999P\n", i, i)
	}
	return b.String()
}

// A large file is many jobs; each is done once, whoever tries again, and its rows wait
// without identity codes.
func TestEachChunkIsTakenOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	const n = 1050
	i, err := d.Receive(t.Context(), "key:k", d.employer, provisioning.CSV, false, strings.NewReader(file(n)+"bad row\n"))
	if err != nil || i.State != employment.ImportRunning || i.Rows != n+1 || i.Done != 1 {
		t.Fatalf("%+v, %v", i, err)
	}
	content, err := d.db.Employments.ImportChunk(t.Context(), i.ID, 0)
	if err != nil || strings.Contains(content, "100190") || !strings.Contains(content, "p0@example.com") {
		t.Fatalf("a chunk holds %.200s, %v", content, err)
	}
	claimed := d.claim(t)
	if len(claimed) < 2 {
		t.Fatalf("%d jobs", len(claimed))
	}
	for _, j := range append(claimed, claimed...) { // the second time is that of a worker who was slow
		if err := d.Work(t.Context(), j); err != nil && !errors.Is(err, jobs.ErrFinished) {
			t.Fatal(err)
		}
	}
	i, err = d.db.Employments.ImportByID(t.Context(), i.ID)
	if err != nil || i.State != employment.ImportDone || i.Created != n || i.Failed != 1 || i.Done != n+1 {
		t.Errorf("%+v, %v", i, err)
	}
	if got := d.people(t); got != n {
		t.Errorf("%d people", got)
	}
	if left := d.claim(t); len(left) != 0 {
		t.Errorf("%d jobs are left", len(left))
	}
}

// brokenReader breaks off after its text.
type brokenReader struct{ io.Reader }

func (r brokenReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = errors.New("connection reset")
	}
	return n, err
}

// A file that breaks off, or has too many rows, or ends with whoever sent it, has no
// effect.
func TestBrokenFileHasNoEffect(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, try := range map[string]func() error{
		"breaks off": func() error {
			_, err := d.Receive(t.Context(), "key:k", d.employer, provisioning.CSV, false, brokenReader{strings.NewReader(file(900))})
			return err
		},
		"too many rows": func() error {
			_, err := d.Receive(t.Context(), "key:k", d.employer, provisioning.NDJSON, false, strings.NewReader(strings.Repeat("{}\n", d.Rows+1)))
			return err
		},
		"nobody waits": func() error {
			_, err := d.Receive(gone, "key:k", d.employer, provisioning.CSV, false, strings.NewReader(file(900)))
			return err
		},
		"no such employer": func() error {
			_, err := d.Receive(t.Context(), "key:k", login.NewID(), provisioning.CSV, false, strings.NewReader(file(1)))
			return err
		},
	} {
		if err := try(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if left := d.claim(t); len(left) != 0 || d.people(t) != 0 {
		t.Errorf("%d jobs, %d people", len(left), d.people(t))
	}
	all, err := d.db.Employments.ImportsOf(t.Context(), d.employer)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if i.State != employment.ImportFailed {
			t.Errorf("%+v", i)
		}
	}
}
