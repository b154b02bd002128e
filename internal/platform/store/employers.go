package store

import (
	"context"
	"errors"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
)

const (
	employerColumns = `id, name, locale, any_name, created_at, updated_at`

	addEmployerSQL    = `INSERT INTO employers (` + employerColumns + `) VALUES ($1, $2, $3, $5, $4, $4) ON CONFLICT DO NOTHING`
	changeEmployerSQL = `UPDATE employers SET name = $2, locale = $3, updated_at = $4 WHERE id = $1`
	setAnyNameSQL     = `UPDATE employers SET any_name = $2, updated_at = $3 WHERE id = $1`
	employerByIDSQL   = `SELECT ` + employerColumns + ` FROM employers WHERE id = $1`
	listEmployersSQL  = `SELECT ` + employerColumns + ` FROM employers WHERE id > $1 ORDER BY id LIMIT $2`
)

// AddEmployer writes a new employer. fault.ErrExists: the id is taken.
func (s *Employments) AddEmployer(ctx context.Context, e employment.Employer) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		err := mustChange(fault.ErrExists)(tx.ExecContext(ctx, addEmployerSQL, text(e.ID), text(e.Name), text(e.Locale), millis(e.CreatedAt), e.AnyName))
		if err != nil {
			return err
		}
		return employerWords.put(ctx, tx, text(e.ID), e.Name)
	})
	return wrap("add employer", err)
}

// ChangeEmployer sets name and language. fault.ErrNotFound.
func (s *Employments) ChangeEmployer(ctx context.Context, id, name, locale string, at time.Time) error {
	if !storable(id) {
		return fault.ErrNotFound
	}
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		if err := mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, changeEmployerSQL, id, text(name), text(locale), millis(at))); err != nil {
			return err
		}
		return employerWords.change(ctx, tx, id, name)
	})
	return wrap("change employer", err)
}

// SetAnyName says whether whoever brings an invitation of the employer may have any name.
// fault.ErrNotFound.
func (s *Employments) SetAnyName(ctx context.Context, id string, allowed bool, at time.Time) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		return mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, setAnyNameSQL, text(id), allowed, millis(at)))
	})
	return wrap("set any name", err)
}

// EmployerByID finds an employer. fault.ErrNotFound.
func (s *Employments) EmployerByID(ctx context.Context, id string) (employment.Employer, error) {
	if !storable(id) {
		return employment.Employer{}, fault.ErrNotFound
	}
	e, err := scanEmployer(s.db.reader().QueryRowContext(ctx, employerByIDSQL, id))
	return e, wrap("find employer", one(err, fault.ErrNotFound))
}

// Employers lists employers by id, from the one after.
func (s *Employments) Employers(ctx context.Context, after string, limit int) (_ []employment.Employer, err error) {
	rows, err := s.db.reader().QueryContext(ctx, listEmployersSQL, text(after), limit)
	if err != nil {
		return nil, wrap("list employers", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var all []employment.Employer
	for rows.Next() {
		e, err := scanEmployer(rows)
		if err != nil {
			return nil, wrap("list employers", err)
		}
		all = append(all, e)
	}
	return all, wrap("list employers", rows.Err())
}

func scanEmployer(row scanner) (employment.Employer, error) {
	var e employment.Employer
	err := row.Scan(&e.ID, &e.Name, &e.Locale, &e.AnyName, timeColumn{&e.CreatedAt}, timeColumn{&e.UpdatedAt})
	return e, err
}
