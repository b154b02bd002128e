package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/secret"
)

const (
	addCredentialSQL = `INSERT INTO credentials (id, person, user_name, email, hash, created_at, changed_at, cost)
		VALUES ($1, $2, $3, $4, $5, $6, $6, $7) ON CONFLICT DO NOTHING`

	// The person is the human whose record has the credential.
	credentialSQL = `SELECT c.id, p.same_as, c.user_name, c.email, c.hash, c.created_at, c.changed_at
		FROM credentials c JOIN persons p ON p.id = c.person WHERE `

	credentialByIDSQL = credentialSQL + `c.id = $1`

	// One row for a name that nobody has, too: whatever is counted of the two looks alike.
	namedSQL = `SELECT COALESCE(MAX(c.id), ''), COALESCE(MAX(p.same_as), ''), COALESCE(MAX(c.user_name), ''), COALESCE(MAX(c.email), ''),
			COALESCE(MAX(c.hash), ''), COALESCE(MAX(c.created_at), 0), COALESCE(MAX(c.changed_at), 0)
		FROM credentials c JOIN persons p ON p.id = c.person WHERE `
	credentialByUserNameSQL = namedSQL + `c.user_name = $1 AND c.user_name <> ''`
	credentialByEmailSQL    = namedSQL + `c.email = $1 AND c.email <> ''`

	rehashSQL      = `UPDATE credentials SET hash = $3, cost = $4 WHERE id = $1 AND hash = $2`
	setPasswordSQL = `UPDATE credentials SET hash = $2, changed_at = $3, cost = $4 WHERE id = $1`

	passwordCostsSQL = `SELECT cost, COUNT(*) FROM credentials WHERE cost > '' GROUP BY cost`

	addResetSQL  = `INSERT INTO password_resets (hash, credential, created_at, expires_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`
	takeResetSQL = `DELETE FROM password_resets WHERE hash = $1 AND expires_at > $2 RETURNING credential`
	resetSQL     = `SELECT credential FROM password_resets WHERE hash = $1 AND expires_at > $2`
	// Takes the row, so that of two letters that are ordered at once one waits.
	holdCredentialSQL = `UPDATE credentials SET changed_at = changed_at WHERE id = $1`
	justResetSQL      = `SELECT COUNT(*) FROM password_resets WHERE credential = $1 AND created_at > $2`

	dropResetsSQL = `DELETE FROM password_resets WHERE credential = $1`
)

// AddCredential writes a user name with the hash of its password. fault.ErrExists:
// user name or e-mail address are taken.
func (s *People) AddCredential(ctx context.Context, c login.Credential) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error { return addCredential(ctx, tx, c) })
	return wrap("add credential", err)
}

// AddPersonWithCredential writes a person, their benefits and their user name, all or
// nothing. The look-up value and sealed are those of [Store.AddPerson]. fault.ErrExists:
// the person, the user name or the e-mail address are there already.
func (s *People) AddPersonWithCredential(ctx context.Context, p login.Person, lookup, sealed []byte, c login.Credential) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		if err := addPerson(ctx, tx, p, lookup, sealed); err != nil {
			return err
		}
		if err := addCredential(ctx, tx, c); err != nil {
			return err
		}
		return giveBenefits(ctx, tx, p, s.now())
	})
	return wrap("add person with credential", err)
}

func addCredential(ctx context.Context, tx runner, c login.Credential) error {
	return mustChange(fault.ErrExists)(tx.ExecContext(ctx, addCredentialSQL,
		text(c.ID), text(c.Person), text(c.UserName), text(c.Email), text(c.Hash), millis(c.CreatedAt), costOf(c.Hash)))
}

// costOf is what a hash in PHC format says of its cost: m=19456,t=2,p=1.
func costOf(hash string) string {
	parts := strings.Split(hash, "$")
	if len(parts) < 4 {
		return ""
	}
	cost, _, _ := strings.Cut(parts[3], ",keyid=")
	return text(cost)
}

// PasswordCosts counts the credentials by the cost of their passwords.
func (s *People) PasswordCosts(ctx context.Context) (map[string]int64, error) {
	costs := map[string]int64{}
	err := eachRow(ctx, s.db.reader(), passwordCostsSQL, nil, func(row scanner) error {
		var cost string
		var n int64
		err := row.Scan(&cost, &n)
		costs[cost] = n
		return err
	})
	return costs, wrap("count password costs", err)
}

// CredentialByName finds a credential by its user name, else by its e-mail address,
// both normalised. fault.ErrNotFound.
func (s *People) CredentialByName(ctx context.Context, name string) (login.Credential, error) {
	if !storable(name) || name == "" {
		return login.Credential{}, fault.ErrNotFound
	}
	// Both are always asked, so that an answer takes the same time for either.
	byName, err1 := scanCredential(s.db.reader().QueryRowContext(ctx, credentialByUserNameSQL, name))
	byEmail, err2 := scanCredential(s.db.reader().QueryRowContext(ctx, credentialByEmailSQL, name))
	switch err := errors.Join(err1, err2); {
	case err != nil:
		return login.Credential{}, wrap("find credential", err)
	case byName.ID != "":
		return byName, nil
	case byEmail.ID != "":
		return byEmail, nil
	default:
		return login.Credential{}, fault.ErrNotFound
	}
}

// CredentialByID finds a credential. fault.ErrNotFound.
func (s *People) CredentialByID(ctx context.Context, id string) (login.Credential, error) {
	if !storable(id) {
		return login.Credential{}, fault.ErrNotFound
	}
	c, err := scanCredential(s.db.reader().QueryRowContext(ctx, credentialByIDSQL, id))
	return c, wrap("find credential", one(err, fault.ErrNotFound))
}

// Rehash replaces the hash of a password by a stronger one of the same password. If
// the password was changed meanwhile, nothing happens.
func (s *People) Rehash(ctx context.Context, id, from, to string) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		_, err := tx.ExecContext(ctx, rehashSQL, text(id), text(from), text(to), costOf(to))
		return err
	})
	return wrap("rehash", err)
}

// AddReset lets whoever has the secret set a new password, once. Earlier ones of the
// same credential are dead. When one was just added (employment.PressedTwice), nothing happens:
// its letter is on the way, and a second one would only make its link worthless.
func (s *People) AddReset(ctx context.Context, h secret.Hash, credential string, at, expires time.Time, jobs ...queue.Job) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		if _, err := tx.ExecContext(ctx, holdCredentialSQL, text(credential)); err != nil {
			return err
		}
		var just int
		err := tx.QueryRowContext(ctx, justResetSQL, text(credential), millis(at.Add(-employment.PressedTwice))).Scan(&just)
		if err != nil || just > 0 {
			return err
		}
		if _, err := tx.ExecContext(ctx, dropResetsSQL, text(credential)); err != nil {
			return err
		}
		err = mustChange(fault.ErrExists)(tx.ExecContext(ctx, addResetSQL, hash(h), text(credential), millis(at), millis(expires)))
		if err != nil {
			return err
		}
		return addJobs(ctx, tx, jobs)
	})
	return wrap("add password reset", err)
}

// ResetOf says whose password a secret may set. It spends nothing. fault.ErrNotFound.
func (s *People) ResetOf(ctx context.Context, h secret.Hash, now time.Time) (login.Credential, error) {
	if h.Zero() {
		return login.Credential{}, fault.ErrNotFound
	}
	var id string
	if err := s.db.reader().QueryRowContext(ctx, resetSQL, h[:], millis(now)).Scan(&id); err != nil {
		return login.Credential{}, wrap("find password reset", one(err, fault.ErrNotFound))
	}
	return s.CredentialByID(ctx, id)
}

// ResetPassword spends the secret and sets the new password's hash, in one
// transaction. fault.ErrNotFound: the secret is unknown, spent or too old.
func (s *People) ResetPassword(ctx context.Context, h secret.Hash, newHash string, at time.Time, jobs ...queue.Job) (c login.Credential, err error) {
	if h.Zero() {
		return login.Credential{}, fault.ErrNotFound
	}
	err = s.db.write(ctx, func(ctx context.Context, tx runner) error {
		var id string
		if err := tx.QueryRowContext(ctx, takeResetSQL, h[:], millis(at)).Scan(&id); err != nil {
			return one(err, fault.ErrNotFound)
		}
		if err := mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, setPasswordSQL, id, text(newHash), millis(at), costOf(newHash))); err != nil {
			return err
		}
		if c, err = scanCredential(tx.QueryRowContext(ctx, credentialByIDSQL, id)); err != nil {
			return err
		}
		return addJobs(ctx, tx, jobs)
	})
	if err != nil {
		return login.Credential{}, wrap("reset password", err)
	}
	return c, nil
}

func scanCredential(row scanner) (login.Credential, error) {
	var c login.Credential
	err := row.Scan(&c.ID, &c.Person, &c.UserName, &c.Email, &c.Hash, timeColumn{&c.CreatedAt}, timeColumn{&c.ChangedAt})
	return c, err
}
