package provisioning

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/platform/jobs"
)

// JobChunk is the job that takes in one chunk of an import.
const JobChunk = "import.chunk"

// Bounds of one import.
const (
	MaxBytes = 64 << 20 // of the file
	MaxRows  = 200_000

	// chunkRows are written in one transaction. Everybody else who writes waits for it, so
	// it must stay short: some tens of milliseconds.
	chunkRows = 200
	// mistakesOfRow bounds what is kept of one bad row.
	mistakesOfRow = 10
)

// Store is what an import needs of the database.
type Store interface {
	AddImport(ctx context.Context, i employment.Import) error
	// ReceiveChunk, StartImport and FailImport return fault.ErrMoved when the import is
	// not receiving any more.
	ReceiveChunk(ctx context.Context, id string, n int, content string, rows, bad int64, mistakes []employment.ImportMistake) error
	StartImport(ctx context.Context, id string, at time.Time, jobs ...queue.Job) error
	FailImport(ctx context.Context, id string, at time.Time) error
	ImportByID(ctx context.Context, id string) (employment.Import, error)
	// ImportChunk returns fault.ErrNotFound when the chunk has been taken.
	ImportChunk(ctx context.Context, id string, n int) (string, error)
	// TakeChunk writes the people and ends the job in one transaction. fault.ErrMoved.
	TakeChunk(ctx context.Context, j queue.Job, id string, n int, all []employment.HireRequest, at time.Time) error
}

// People makes records ready to be written.
type People interface {
	Prepare(m employment.Employment, invite bool) (employment.HireRequest, error)
	Lookup(ctx context.Context, code hetu.Code) ([]byte, error)
}

// Importer takes in files of people.
type Importer struct {
	Store  Store
	People People
	Rules  Rules
	Audit  Auditor
	Now    func() time.Time
	Rows   int    // rows that a file may have: MaxRows
	Wake   func() // may be nil: tells the workers that there is work
}

// Auditor writes the security log.
type Auditor interface {
	Atomically(ctx context.Context, act func(ctx context.Context) error) error
	ImportStarted(ctx context.Context, actor string, i employment.Import)
}

// row is a person in a chunk: what a record needs, with the keyed hash instead of the
// identity code. What is not in it has not been said.
type row struct {
	Line       int64                `json:"l"`
	ExternalID string               `json:"x"`
	UserName   *string              `json:"u,omitempty"`
	Email      *string              `json:"e,omitempty"`
	GivenName  *string              `json:"g,omitempty"`
	FamilyName *string              `json:"f,omitempty"`
	Locale     *string              `json:"o,omitempty"`
	Kind       *employment.UserKind `json:"k,omitempty"`
	Lookup     []byte               `json:"h,omitempty"`
	Benefits   []benefitCell        `json:"c,omitzero"` // an empty list says something: it is kept
}

type benefitCell struct {
	Kind     string     `json:"k"`
	StartsAt *time.Time `json:"s,omitempty"`
	EndsAt   *time.Time `json:"e,omitempty"`
	Released *bool      `json:"r,omitempty"`
}

// chunkJob is the payload of a [JobChunk].
type chunkJob struct {
	Import string `json:"import"`
	N      int    `json:"n"`
}

// Receive reads a file and orders its jobs. Nothing is done before the whole file has
// come: one that breaks off has no effect. Errors: fault.ErrNotFound (the employer),
// fault.FieldErrors (the first line), and those of reading.
func (im *Importer) Receive(ctx context.Context, actor, employer string, format Format, invite bool, in io.Reader) (employment.Import, error) {
	i := employment.Import{ID: login.NewID(), Employer: employer, State: employment.ImportReceiving, Invite: invite, CreatedAt: im.Now()}
	file, err := newRows(in, format)
	if err != nil {
		return i, err
	}
	if err := im.Store.AddImport(ctx, i); err != nil {
		return i, err
	}
	if i, err = im.receive(ctx, actor, i, file); err != nil {
		if failing := im.Store.FailImport(context.WithoutCancel(ctx), i.ID, im.Now()); failing != nil {
			err = errors.Join(err, failing)
		}
		return i, err
	}
	if im.Wake != nil {
		im.Wake()
	}
	return i, nil
}

func (im *Importer) receive(ctx context.Context, actor string, i employment.Import, file *rows) (employment.Import, error) {
	c := collector{im: im, id: i.ID}
	for n := 0; ; n++ {
		e, mistakes, err := file.read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return i, err
		}
		if n >= im.Rows {
			return i, fault.FieldErrors{{Detail: fmt.Sprintf("at most %d rows; send the file in parts", im.Rows)}}
		}
		if err := c.take(ctx, file.line, e, mistakes); err != nil {
			return i, err
		}
	}
	if err := c.flush(ctx); err != nil {
		return i, err
	}
	started := i
	err := im.Audit.Atomically(ctx, func(ctx context.Context) (err error) {
		if err := im.Store.StartImport(ctx, i.ID, im.Now(), c.jobs...); err != nil {
			return err
		}
		if started, err = im.Store.ImportByID(ctx, i.ID); err == nil {
			im.Audit.ImportStarted(ctx, actor, started)
		}
		return err
	})
	return started, err
}

// collector gathers rows until there are enough for a chunk.
type collector struct {
	im       *Importer
	id       string
	n        int
	rows     []row
	bad      int64
	mistakes []employment.ImportMistake
	jobs     []queue.Job
}

func (c *collector) take(ctx context.Context, line int64, e Entry, mistakes fault.FieldErrors) error {
	var one row
	if len(mistakes) == 0 {
		var err error
		if one, mistakes, err = c.im.row(ctx, line, e); err != nil {
			return err
		}
	}
	if len(mistakes) == 0 {
		c.rows = append(c.rows, one)
	} else {
		c.bad++
		for _, m := range mistakes[:min(len(mistakes), mistakesOfRow)] {
			c.mistakes = append(c.mistakes, employment.ImportMistake{Line: line, Field: m.Field, Detail: m.Detail})
		}
	}
	if len(c.rows)+int(c.bad) < chunkRows {
		return nil
	}
	return c.flush(ctx)
}

// row checks one entry. The identity code ends here.
func (im *Importer) row(ctx context.Context, line int64, e Entry) (row, fault.FieldErrors, error) {
	m, code, mistakes := im.Rules.Read(e)
	if (m.ExternalID == nil || *m.ExternalID == "") && len(mistakes) == 0 {
		mistakes = append(mistakes, fault.FieldError{Field: "external_id", Detail: "is needed: it tells who is who when the file comes again"})
	}
	if len(mistakes) > 0 {
		return row{}, mistakes, nil
	}
	lookup, err := im.People.Lookup(ctx, code)
	if err != nil {
		return row{}, nil, err
	}
	one := row{
		Line: line, ExternalID: *m.ExternalID, UserName: m.UserName, Email: m.Email, GivenName: m.GivenName, FamilyName: m.FamilyName,
		Locale: m.Locale, Kind: m.Kind, Lookup: lookup,
	}
	if m.Benefits != nil {
		one.Benefits = []benefitCell{}
	}
	for _, b := range m.Benefits {
		one.Benefits = append(one.Benefits, benefitCell(b))
	}
	return one, nil, nil
}

func (c *collector) flush(ctx context.Context) error {
	if len(c.rows) == 0 && c.bad == 0 {
		return nil
	}
	content, err := json.Marshal(c.rows)
	if err != nil {
		return fmt.Errorf("keep rows: %w", err)
	}
	if err := c.im.Store.ReceiveChunk(ctx, c.id, c.n, string(content), int64(len(c.rows)), c.bad, c.mistakes); err != nil {
		return err
	}
	if len(c.rows) > 0 {
		payload, err := json.Marshal(chunkJob{c.id, c.n})
		if err != nil {
			return fmt.Errorf("order chunk: %w", err)
		}
		now := c.im.Now()
		c.jobs = append(c.jobs, queue.Job{
			ID: login.NewID(), Kind: JobChunk, Key: fmt.Sprintf("%s %d", c.id, c.n), Payload: payload, At: now, CreatedAt: now,
		})
	}
	c.n, c.rows, c.bad, c.mistakes = c.n+1, c.rows[:0], 0, c.mistakes[:0]
	return nil
}

// Work is the handler of [JobChunk].
func (im *Importer) Work(ctx context.Context, j queue.Job) error {
	var which chunkJob
	if err := json.Unmarshal(j.Payload, &which); err != nil {
		return jobs.Stop(fmt.Errorf("read job: %w", err))
	}
	content, err := im.Store.ImportChunk(ctx, which.Import, which.N)
	if errors.Is(err, fault.ErrNotFound) {
		return nil // taken already, or the import has been given up
	}
	if err != nil {
		return err
	}
	about, err := im.Store.ImportByID(ctx, which.Import)
	if err != nil {
		return err
	}
	var all []row
	decoder := json.NewDecoder(strings.NewReader(content))
	decoder.DisallowUnknownFields() // of another version: what we would drop, nobody would miss but the person
	if err := decoder.Decode(&all); err != nil {
		return jobs.Stop(fmt.Errorf("read chunk: %w", err))
	}
	hirings := make([]employment.HireRequest, 0, len(all))
	for _, one := range all {
		change := one.change()
		m, _ := employment.Employment{Employer: about.Employer}.With(change, im.Now()) // TakeChunk names what is wrong
		h, err := im.People.Prepare(m, about.Invite && m.Email != "")
		if err != nil {
			return err
		}
		h.Line, h.Change = one.Line, change
		hirings = append(hirings, h)
	}
	if err := im.Store.TakeChunk(ctx, j, which.Import, which.N, hirings, im.Now()); err != nil {
		return err
	}
	if im.Wake != nil && about.Invite {
		im.Wake()
	}
	return jobs.ErrFinished
}

func (r row) change() employment.Change {
	c := employment.Change{
		ExternalID: &r.ExternalID, UserName: r.UserName, Email: r.Email, GivenName: r.GivenName, FamilyName: r.FamilyName,
		Locale: r.Locale, Kind: r.Kind, Lookup: r.Lookup,
	}
	if r.Benefits != nil {
		c.Benefits = []employment.BenefitChange{}
	}
	for _, b := range r.Benefits {
		c.Benefits = append(c.Benefits, employment.BenefitChange(b))
	}
	return c
}
