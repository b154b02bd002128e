package store

import (
	"context"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
)

// whyErased is how sessions end that are erased.
const whyErased = "erased"

const (
	// Whoever comes at the same time, to log the person in, waits here and finds nobody.
	lockRecordsSQL = `UPDATE persons SET updated_at = $2 WHERE id IN ` + recordsOf

	endSessionsOfSQL = `UPDATE sessions SET revoked_at = $2, revoked_why = $3 WHERE person = $1 AND revoked_at = 0
		RETURNING ` + sessionColumns

	dropJobSQL         = `DELETE FROM jobs WHERE id = $1`
	dropAnswersSQL     = `DELETE FROM idempotency WHERE REPLACE(answer, $1, '') <> answer`
	dropAttemptSQL     = `DELETE FROM attempts WHERE id = $1`
	dropQRPagesSQL     = `DELETE FROM qr_pages WHERE person = $1`
	dropSessionsSQL    = `DELETE FROM sessions WHERE person = $1`
	dropRecognisedSQL  = `DELETE FROM recognised WHERE person = $1`
	dropCredentialsSQL = `DELETE FROM credentials WHERE person = $1`
	dropInvitationsSQL = `DELETE FROM invitations WHERE employment = $1`
	dropEmploymentSQL  = `DELETE FROM employments WHERE id = $1`
	dropPersonSQL      = `DELETE FROM persons WHERE id = $1`

	bareEmploymentSQL = `UPDATE employments SET person = NULL, external_id = '', user_name = '', user_name_key = '', addresses = '[]', email = '', given_name = '', family_name = '',
			locale = '', hetu_lookup = NULL, ended_at = CASE WHEN ended_at = 0 THEN $2 ELSE ended_at END, updated_at = $2
		WHERE id = $1 AND activated_at > 0`
)

// ErasePerson deletes everything about a human, in one transaction: records, employers'
// records of them, invitations, credentials, sessions, logins and what waits to be done
// for them. The id is that of a person, or of an employer's record. Of other people
// nothing is touched, and the audit log, which holds ids only, stays as it is.
//
// fault.ErrNotFound: there is nothing of this id, or not any more.
func (s *People) ErasePerson(ctx context.Context, id string, e operations.Erasure) (erased operations.ErasureResult, err error) {
	if !login.ValidID(id) {
		return operations.ErasureResult{}, fault.ErrNotFound
	}
	// These are looked for among all attempts, which no writer should have to wait for.
	unidentified, err := s.unidentified(ctx, id)
	if err != nil {
		return operations.ErasureResult{}, wrap("erase person", err)
	}
	err = s.Atomically(ctx, func(ctx context.Context) error {
		err := s.db.write(ctx, func(ctx context.Context, tx runner) (err error) {
			erased, err = s.erase(ctx, tx, id, unidentified, e)
			return err
		})
		if err == nil && e.Told != nil {
			e.Told(ctx, erased)
		}
		return err
	})
	if err != nil {
		return operations.ErasureResult{}, wrap("erase person", err)
	}
	if d, ok := s.db.database.(*sqliteDB); ok {
		d.emptyLog(ctx, s.log)
	}
	return erased, nil
}

// unidentified are the logins that the human's own devices began, and in which nobody
// was identified: they hold the names of the devices.
func (s *People) unidentified(ctx context.Context, id string) ([]string, error) {
	t, err := tracesOf(ctx, s.db.reader(), id)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, person := range t.persons {
		some, err := queryIDs(ctx, s.db.reader(), unidentifiedSQL, person)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func (s *People) erase(ctx context.Context, tx runner, id string, unidentified []string, e operations.Erasure) (done operations.ErasureResult, err error) {
	person, err := personOf(ctx, tx, id)
	if err != nil {
		return done, err
	}
	if _, err := tx.ExecContext(ctx, lockRecordsSQL, person, millis(e.At)); err != nil {
		return done, err
	}
	t, err := tracesOf(ctx, tx, id)
	if err != nil {
		return done, err
	}
	whose := t.persons
	if len(whose) == 0 {
		whose = []string{id}
	}
	// What waits goes first, so that what is ordered from here on is told. Only what tells
	// a client that an earlier session has ended stays: it would let the person in for ever.
	if done.Jobs, err = dropJobs(ctx, tx, append(t.ids(), id)); err != nil {
		return done, err
	}
	for _, person := range whose {
		n, err := s.revoke(ctx, tx, endSessionsOfSQL, person, whyErased, e.At)
		if err != nil {
			return done, err
		}
		done.Sessions += n
	}
	t.attempts = append(t.attempts, unidentified...)
	done.Persons, done.Employments, done.Attempts = t.persons, t.employments, int64(len(t.attempts))
	if done.Nothing() {
		return done, fault.ErrNotFound
	}
	if err := dropTraces(ctx, tx, t, whose, e); err != nil {
		return done, err
	}
	if e.Jobs == nil {
		return done, nil
	}
	return done, addJobs(ctx, tx, e.Jobs(done))
}

func dropJobs(ctx context.Context, tx runner, ids []string) (int64, error) {
	named, err := jobsNaming(ctx, tx, droppablePayloadsSQL, ids)
	if err != nil {
		return 0, err
	}
	return int64(len(named)), each(ctx, tx, dropJobSQL, named)
}

// dropTraces deletes what hangs on others before what they hang on.
func dropTraces(ctx context.Context, tx runner, t traces, whose []string, e operations.Erasure) error {
	for _, step := range []struct {
		query string
		ids   []string
	}{
		{dropAnswersSQL, t.employments},
		{dropAnswersSQL, t.persons},
		{dropAttemptSQL, t.attempts},
		{dropHeldHumanSQL, whose},
		{dropQRPagesSQL, whose},
		{dropSessionsSQL, whose},
		{dropRecognisedSQL, whose},
		{dropWrongTriesSQL, whose},
		{dropCredentialsSQL, whose},
		{dropInvitationsSQL, t.employments},
	} {
		if err := each(ctx, tx, step.query, step.ids); err != nil {
			return err
		}
	}
	for _, id := range t.employments {
		if e.KeepDates {
			err := mustChange(fault.ErrMoved)(tx.ExecContext(ctx, bareEmploymentSQL, id, millis(e.At)))
			if err == nil {
				if err := each(ctx, tx, employmentWords.dropSQL(), []string{id}); err != nil {
					return err
				}
				continue
			}
			if err != fault.ErrMoved { //nolint:errorlint // mustChange answers with the very value
				return err
			}
		}
		if err := each(ctx, tx, dropEmploymentSQL, []string{id}); err != nil {
			return err
		}
	}
	return each(ctx, tx, dropPersonSQL, t.persons)
}

// each runs a statement once per id.
func each(ctx context.Context, tx runner, query string, ids []string) error {
	for _, id := range ids {
		if _, err := tx.ExecContext(ctx, query, id); err != nil {
			return err
		}
	}
	return nil
}
