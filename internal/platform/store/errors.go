package store

import (
	"database/sql"
	"errors"
	"fmt"

	"avain/internal/domain/fault"
)

// mustChange demands that a statement changed a row; if it did not, its condition
// was not met, and the answer is none.
func mustChange(none error) func(sql.Result, error) error {
	return func(r sql.Result, err error) error {
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		if err != nil {
			return err
		}
		if n == 0 {
			return none
		}
		return nil
	}
}

// one turns "no row" into the error that says what it means, and passes others on.
func one(err, none error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return none
	}
	return err
}

// wrap says what failed, for the log. The four answers that callers compare with
// pass as they are.
func wrap(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fault.ErrNotFound), errors.Is(err, fault.ErrMoved),
		errors.Is(err, fault.ErrReplayed), errors.Is(err, fault.ErrExists):
		return err
	default:
		return fmt.Errorf("store: %s: %w", what, unavailable(err))
	}
}
