package store

import (
	"context"
	"errors"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/queue"
)

const (
	importColumns = `id, employer, state, invite, rows_total, rows_done, created, updated, invited, failed, created_at, finished_at`

	addImportSQL   = `INSERT INTO imports (` + importColumns + `) VALUES ($1, $2, 'receiving', $3, 0, 0, 0, 0, 0, 0, $4, 0)`
	importOfSQL    = `SELECT ` + importColumns + ` FROM imports WHERE id = $1 AND employer = $2`
	importByIDSQL  = `SELECT ` + importColumns + ` FROM imports WHERE id = $1`
	importsOfSQL   = `SELECT ` + importColumns + ` FROM imports WHERE employer = $1 ORDER BY created_at DESC, id LIMIT 100`
	receivedSQL    = `UPDATE imports SET rows_total = rows_total + $2, rows_done = rows_done + $3, failed = failed + $3 WHERE id = $1 AND state = 'receiving'`
	startImportSQL = `UPDATE imports SET state = CASE WHEN rows_done >= rows_total THEN 'done' ELSE 'running' END,
		finished_at = CASE WHEN rows_done >= rows_total THEN $2 ELSE finished_at END WHERE id = $1 AND state = 'receiving'`
	failImportSQL = `UPDATE imports SET state = 'failed', finished_at = $2 WHERE id = $1 AND state = 'receiving'`
	addChunkSQL   = `INSERT INTO import_chunks (import, n, content) VALUES ($1, $2, $3)`
	chunkSQL      = `SELECT content FROM import_chunks WHERE import = $1 AND n = $2`
	dropChunkSQL  = `DELETE FROM import_chunks WHERE import = $1 AND n = $2`
	dropChunksSQL = `DELETE FROM import_chunks WHERE import = $1`
	addMistakeSQL = `INSERT INTO import_mistakes (import, line, n, field, detail)
		SELECT $1, $2, (SELECT COUNT(*) FROM import_mistakes WHERE import = $1 AND line = $2), $3, $4`
	mistakesSQL = `SELECT line, n, field, detail FROM import_mistakes WHERE import = $1 AND (line > $2 OR (line = $2 AND n > $3)) ORDER BY line, n LIMIT $4`

	progressSQL = `UPDATE imports SET rows_done = rows_done + $2, created = created + $3, updated = updated + $4, invited = invited + $5, failed = failed + $6,
			state = CASE WHEN rows_done + $2 >= rows_total THEN 'done' ELSE state END,
			finished_at = CASE WHEN rows_done + $2 >= rows_total THEN $7 ELSE finished_at END
		WHERE id = $1 AND state = 'running'`

	// As lockRecordSQL. Says again what the index leaves out: without that, no database uses it.
	lockByExternalIDSQL = `UPDATE employments SET updated_at = updated_at
		WHERE employer = $1 AND external_id = $2 AND external_id <> '' RETURNING ` + employmentColumns
	// Who a record belongs to can be said until somebody has activated it.
	setLookupSQL = `UPDATE employments SET hetu_lookup = $2 WHERE id = $1 AND activated_at = 0`

	purgeImportsSQL = `DELETE FROM imports WHERE id IN (SELECT id FROM imports WHERE created_at <= $1 ORDER BY created_at LIMIT $2)`
)

// AddImport begins an import. fault.ErrNotFound: no such employer.
func (s *Employments) AddImport(ctx context.Context, i employment.Import) error {
	if !storable(i.Employer) {
		return fault.ErrNotFound
	}
	return wrap("add import", s.db.write(ctx, func(ctx context.Context, tx runner) error {
		if _, err := scanEmployer(tx.QueryRowContext(ctx, employerByIDSQL, i.Employer)); err != nil {
			return one(err, fault.ErrNotFound)
		}
		_, err := tx.ExecContext(ctx, addImportSQL, text(i.ID), i.Employer, oneIf(i.Invite), millis(i.CreatedAt))
		return err
	}))
}

func oneIf(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// ReceiveChunk keeps some rows of a file for later, and what was wrong in others.
// Content is JSON without identity codes; rows counts the good ones, bad those that
// the mistakes are about. fault.ErrMoved: the import is not receiving any more.
func (s *Employments) ReceiveChunk(ctx context.Context, id string, n int, content string, rows, bad int64, mistakes []employment.ImportMistake) error {
	return wrap("receive chunk", s.db.write(ctx, func(ctx context.Context, tx runner) error {
		if err := mustChange(fault.ErrMoved)(tx.ExecContext(ctx, receivedSQL, text(id), rows+bad, bad)); err != nil {
			return err
		}
		if rows > 0 {
			if _, err := tx.ExecContext(ctx, addChunkSQL, text(id), n, text(content)); err != nil {
				return err
			}
		}
		return addMistakes(ctx, tx, id, mistakes)
	}))
}

// StartImport orders the jobs of a file that has come to its end. fault.ErrMoved.
func (s *Employments) StartImport(ctx context.Context, id string, at time.Time, jobs ...queue.Job) error {
	return wrap("start import", s.db.write(ctx, func(ctx context.Context, tx runner) error {
		if err := mustChange(fault.ErrMoved)(tx.ExecContext(ctx, startImportSQL, text(id), millis(at))); err != nil {
			return err
		}
		return addJobs(ctx, tx, jobs)
	}))
}

// FailImport gives up a file that broke off: none of its rows is taken. fault.ErrMoved.
func (s *Employments) FailImport(ctx context.Context, id string, at time.Time) error {
	return wrap("fail import", s.db.write(ctx, func(ctx context.Context, tx runner) error {
		if err := mustChange(fault.ErrMoved)(tx.ExecContext(ctx, failImportSQL, text(id), millis(at))); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, dropChunksSQL, text(id))
		return err
	}))
}

// ImportOf finds an import of the employer. fault.ErrNotFound also for another's.
func (s *Employments) ImportOf(ctx context.Context, employer, id string) (employment.Import, error) {
	if !storable(employer) || !storable(id) {
		return employment.Import{}, fault.ErrNotFound
	}
	i, err := scanImport(s.db.reader().QueryRowContext(ctx, importOfSQL, id, employer))
	return i, wrap("find import", one(err, fault.ErrNotFound))
}

// ImportByID finds an import for its worker. fault.ErrNotFound.
func (s *Employments) ImportByID(ctx context.Context, id string) (employment.Import, error) {
	i, err := scanImport(s.db.reader().QueryRowContext(ctx, importByIDSQL, text(id)))
	return i, wrap("find import", one(err, fault.ErrNotFound))
}

// ImportsOf lists an employer's imports, the newest first, at most 100.
func (s *Employments) ImportsOf(ctx context.Context, employer string) (all []employment.Import, err error) {
	rows, err := s.db.reader().QueryContext(ctx, importsOfSQL, text(employer))
	if err != nil {
		return nil, wrap("list imports", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		i, err := scanImport(rows)
		if err != nil {
			return nil, wrap("list imports", err)
		}
		all = append(all, i)
	}
	return all, wrap("list imports", rows.Err())
}

// ImportChunk reads the rows of a chunk. fault.ErrNotFound: they have been dealt with.
func (s *Employments) ImportChunk(ctx context.Context, id string, n int) (string, error) {
	var content string
	err := s.db.reader().QueryRowContext(ctx, chunkSQL, text(id), n).Scan(&content)
	return content, wrap("find chunk", one(err, fault.ErrNotFound))
}

// ImportMistakes lists what was wrong, by line, after the line and its n-th mistake.
func (s *Employments) ImportMistakes(ctx context.Context, id string, afterLine, afterN int64, limit int) (all []employment.ImportMistake, lastN int64, err error) {
	rows, err := s.db.reader().QueryContext(ctx, mistakesSQL, text(id), afterLine, afterN, limit)
	if err != nil {
		return nil, 0, wrap("list mistakes", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var m employment.ImportMistake
		if err := rows.Scan(&m.Line, &lastN, &m.Field, &m.Detail); err != nil {
			return nil, 0, wrap("list mistakes", err)
		}
		all = append(all, m)
	}
	return all, lastN, wrap("list mistakes", rows.Err())
}

func scanImport(row scanner) (employment.Import, error) {
	var i employment.Import
	var invite int64
	err := row.Scan(&i.ID, &i.Employer, &i.State, &invite, &i.Rows, &i.Done, &i.Created, &i.Updated, &i.Invited, &i.Failed,
		timeColumn{&i.CreatedAt}, timeColumn{&i.FinishedAt})
	i.Invite = invite != 0
	return i, err
}

func addMistakes(ctx context.Context, tx runner, id string, mistakes []employment.ImportMistake) error {
	for _, m := range mistakes {
		if _, err := tx.ExecContext(ctx, addMistakeSQL, text(id), m.Line, text(m.Field), text(m.Detail)); err != nil {
			return err
		}
	}
	return nil
}
