package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"avain/internal/app"
	"avain/internal/core/provisioning"
	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/platform/audit"
	"avain/internal/platform/jobs"
	"avain/internal/platform/web"
)

type importCommand struct {
	configFlag
	Employer string `arg:"" help:"Id of the employer."`
	File     string `arg:"" help:"CSV or NDJSON file, or - for standard input."`
	Format   string `enum:",csv,ndjson" default:"" help:"csv or ndjson; told by the file's name when left out."`
	Invite   bool   `help:"Invite those who are new and have an e-mail address."`
}

// Help is shown by avain admin import --help.
func (importCommand) Help() string {
	return `Takes in a file of people. A row is known by its external_id: the same file can be sent again, and changes what has changed. Bad rows stop no others; they are listed on standard error with line and field, without what stood there. The exit code is 1 when there were any.

CSV names its columns in the first line, of: external_id (needed), email, given_name, family_name, user_name, locale, kind, hetu, benefits (kinds with spaces between them). A file that was exported can be imported as it is.

  avain admin import 5fPmrVnSIqyO2nBN0fZ1Lw people.csv --invite`
}

// Run takes the file in, and waits until all of it is done.
func (c importCommand) Run(ctx context.Context, t terminal) error {
	in, format, err := c.open(t)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // read only: nothing can be lost
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		i, err := s.Importer.Receive(ctx, audit.System, c.Employer, format, c.Invite, http.MaxBytesReader(nil, in, provisioning.MaxBytes))
		if mistakes, ok := errors.AsType[fault.FieldErrors](err); ok {
			return usageError{mistakes}
		}
		if err != nil {
			return unknown("employer", err)
		}
		progress, gone := progressOn(t.err, "rows")
		i, err = finishImport(ctx, s, i.ID, func(i employment.Import) { progress(i.Done, i.Rows) })
		gone()
		if err != nil {
			return err
		}
		return c.report(ctx, t, s, i)
	})
}

func (c importCommand) open(t terminal) (io.ReadCloser, provisioning.Format, error) {
	format := provisioning.Format(c.Format)
	if format == "" {
		format = provisioning.CSV
		if ending := strings.ToLower(filepath.Ext(c.File)); ending == ".ndjson" || ending == ".jsonl" || ending == ".json" {
			format = provisioning.NDJSON
		}
	}
	if c.File == "-" {
		return io.NopCloser(t.in), format, nil
	}
	f, err := os.Open(c.File)
	if err != nil {
		return nil, "", usageError{err}
	}
	if info, err := f.Stat(); err == nil && info.Size() > provisioning.MaxBytes {
		return nil, "", usageError{errors.Join(errors.New("the file is larger than 64 MiB; send it in parts"), f.Close())}
	}
	return f, format, nil
}

// finishImport works on the import's chunks itself, beside a service that may be doing so
// too, until all are done.
func finishImport(ctx context.Context, s *app.Service, id string, show func(employment.Import)) (employment.Import, error) {
	runner := jobs.New(jobs.Config{Store: s.Store.Operations, Now: time.Now, Log: slog.New(slog.DiscardHandler), Scrub: web.Scrub})
	runner.Handle(provisioning.JobChunk, s.Importer.Work, jobs.Options{Workers: 1})
	working, stop := context.WithCancel(ctx)
	var background sync.WaitGroup
	background.Go(func() { runner.Run(working) })
	defer func() {
		stop()
		background.Wait()
	}()
	clock := time.NewTicker(progressEvery)
	defer clock.Stop()
	for {
		i, err := s.Store.Employments.ImportByID(ctx, id)
		if err != nil {
			return i, err
		}
		show(i)
		if i.State != employment.ImportRunning {
			return i, nil
		}
		runner.Wake()
		select {
		case <-ctx.Done():
			return i, fmt.Errorf("stopped; a running service goes on with import %s: %w", id, ctx.Err())
		case <-clock.C:
		}
	}
}

// importOut is an import in JSON.
type importOut struct {
	ID      string                 `json:"id"`
	State   employment.ImportState `json:"state"`
	Rows    int64                  `json:"rows"`
	Created int64                  `json:"created"`
	Updated int64                  `json:"updated"`
	Invited int64                  `json:"invited"`
	Failed  int64                  `json:"failed"`

	Mistakes []lineMistake `json:"mistakes"` // of the rows that could not be taken
}

func (c importCommand) report(ctx context.Context, t terminal, s *app.Service, i employment.Import) error {
	most := shownMistakes + 1 // there may be millions
	if t.json {
		most = math.MaxInt
	}
	mistakes, err := importMistakes(ctx, s, i.ID, most)
	if err != nil {
		return err
	}
	number := func(n int64) string { return fmt.Sprint(n) }
	err = t.table(importOut{i.ID, i.State, i.Rows, i.Created, i.Updated, i.Invited, i.Failed, mistakes},
		[]string{"IMPORT", "STATE", "ROWS", "NEW", "CHANGED", "INVITED", "BAD"},
		[][]string{{i.ID, string(i.State), number(i.Rows), number(i.Created), number(i.Updated), number(i.Invited), number(i.Failed)}})
	if err == nil && i.Failed > 0 {
		more := ""
		if len(mistakes) > shownMistakes {
			more = "\nand more; --json lists all of them"
		}
		err = fmt.Errorf("%d of %d rows could not be taken:\n%s%s", i.Failed, i.Rows, mistakes.first(), more)
	}
	return err
}

// mistakesPage is how many mistakes are read at once.
const mistakesPage = 500

// importMistakes lists the mistakes of an import, at most so many.
func importMistakes(ctx context.Context, s *app.Service, id string, most int) (lineMistakes, error) {
	all := lineMistakes{}
	for line, n := int64(0), int64(-1); len(all) < most; {
		want := min(mistakesPage, most-len(all))
		page, last, err := s.Store.Employments.ImportMistakes(ctx, id, line, n, want)
		if err != nil {
			return nil, err
		}
		for _, m := range page {
			all, line = append(all, lineMistake(m)), m.Line
		}
		if len(page) < want {
			break
		}
		n = last
	}
	return all, nil
}
