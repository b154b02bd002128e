package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/secret"
)

const (
	qrPageColumns = `id, session, state, person, broker, means, acr, amr, auth_time,
		network, created_at, shown_until, typed_until, attempt, elsewhere, key_name`

	// One browser shows one code: what it showed before is of no use any more.
	replaceQRPagesSQL = `UPDATE qr_pages SET state = 'replaced' WHERE session = $1 AND state = 'shown'`

	showQRPageSQL = `INSERT INTO qr_pages (` + qrPageColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`

	nthQRPageSQL = `SELECT created_at FROM qr_pages WHERE person = $1 ORDER BY created_at DESC LIMIT 1 OFFSET $2`

	qrPageByIDSQL    = `SELECT ` + qrPageColumns + ` FROM qr_pages WHERE id = $1`
	qrPageByTypedSQL = `SELECT ` + qrPageColumns + ` FROM qr_pages WHERE typed = $1`

	typeQRPageSQL = `UPDATE qr_pages SET typed = $2, typed_until = $3, shown_until = $3
		WHERE id = $1 AND state = 'shown' AND shown_until > $4
		RETURNING ` + qrPageColumns

	// claimQRPageSQL gives the page to one phone (threats 3, 5).
	claimQRPageSQL = `UPDATE qr_pages SET state = 'claimed', attempt = $3, elsewhere = $4
		WHERE id = $1 AND state = 'shown' AND shown_until > $2
		AND (typed = $5 AND typed_until > $2 OR $5 IS NULL)
		RETURNING ` + qrPageColumns
)

// ShowQRPage writes a new page and takes those away that its session showed before.
// At most so many pages of one person may begin after since; one more answers
// fault.ErrExists with the beginning of the page that must grow old first.
func (s *Attempts) ShowQRPage(ctx context.Context, p login.QRPage, most int, since time.Time) (oldest time.Time, err error) {
	amr, err := asJSON(p.AMR)
	if err != nil {
		return time.Time{}, fmt.Errorf("show QR page: %w", err)
	}
	err = s.db.write(ctx, func(ctx context.Context, tx runner) error {
		var at int64
		switch err := tx.QueryRowContext(ctx, nthQRPageSQL, text(p.Person), most-1).Scan(&at); {
		case err == nil && at > millis(since):
			oldest = fromMillis(at)
			return fault.ErrExists
		case err != nil && !errors.Is(err, sql.ErrNoRows):
			return err
		}
		if _, err := tx.ExecContext(ctx, replaceQRPagesSQL, text(p.Session)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, showQRPageSQL, p.ID, text(p.Session), string(login.QRShown), text(p.Person),
			text(p.Broker), text(p.Means), text(p.ACR), amr, millis(p.AuthTime), hash(p.Network),
			millis(p.CreatedAt), millis(p.ShownUntil), int64(0), "", false, text(p.Key))
		return err
	})
	return oldest, wrap("show QR page", err)
}

// QRPageByID finds a page. fault.ErrNotFound.
func (s *Attempts) QRPageByID(ctx context.Context, id string) (login.QRPage, error) {
	if !storable(id) {
		return login.QRPage{}, fault.ErrNotFound
	}
	p, err := scanQRPage(s.db.reader().QueryRowContext(ctx, qrPageByIDSQL, id))
	return p, wrap("find QR page", one(err, fault.ErrNotFound))
}

// QRPageByTyped finds the page of a typed code, by the code's keyed hash, whether or
// not the code is still good. fault.ErrNotFound.
func (s *Attempts) QRPageByTyped(ctx context.Context, h secret.Hash) (login.QRPage, error) {
	if h.Zero() {
		return login.QRPage{}, fault.ErrNotFound
	}
	p, err := scanQRPage(s.db.reader().QueryRowContext(ctx, qrPageByTypedSQL, h[:]))
	return p, wrap("find QR page", one(err, fault.ErrNotFound))
}

// TypeQRPage gives a page that is being shown a code to type, which with it lives
// until the end given. Another one takes the place of the one before. fault.ErrMoved:
// it is not shown any more.
func (s *Attempts) TypeQRPage(ctx context.Context, id string, h secret.Hash, until, at time.Time) (p login.QRPage, err error) {
	if !storable(id) {
		return login.QRPage{}, fault.ErrMoved
	}
	err = s.db.write(ctx, func(ctx context.Context, tx runner) (err error) {
		p, err = scanQRPage(tx.QueryRowContext(ctx, typeQRPageSQL, id, h[:], millis(until), millis(at)))
		return one(err, fault.ErrMoved)
	})
	return p, wrap("type QR page", err)
}

// ClaimQRPage gives a page to the phone that scanned it and writes its attempt, in
// one transaction, once. Else nothing is changed, and the answer is the page as it is
// with fault.ErrMoved: claimed before, replaced, shown too long ago, or not the page
// of the typed code. fault.ErrNotFound; fault.ErrExists: the attempt's support code is
// taken; fault.ErrReplayed: a mark was set before.
func (s *Attempts) ClaimQRPage(ctx context.Context, c login.QRClaim) (login.QRPage, error) {
	if !storable(c.Page) {
		return login.QRPage{}, fault.ErrNotFound
	}
	row, err := startRow(c.Attempt, c.Secrets)
	if err != nil {
		return login.QRPage{}, fmt.Errorf("claim QR page: %w", err)
	}
	var p login.QRPage
	err = s.db.write(ctx, func(ctx context.Context, tx runner) (err error) {
		if err = setReplayKeys(ctx, tx, c.Once); err != nil {
			return err
		}
		p, err = scanQRPage(tx.QueryRowContext(ctx, claimQRPageSQL, c.Page, millis(c.At), c.Attempt.ID, c.Elsewhere, hash(c.Typed)))
		if errors.Is(err, sql.ErrNoRows) {
			if p, err = scanQRPage(tx.QueryRowContext(ctx, qrPageByIDSQL, c.Page)); err != nil {
				return one(err, fault.ErrNotFound)
			}
			return fault.ErrMoved
		}
		if err != nil {
			return err
		}
		return mustChange(fault.ErrExists)(tx.ExecContext(ctx, startAttemptSQL, row...))
	})
	if err != nil && !errors.Is(err, fault.ErrMoved) {
		return login.QRPage{}, wrap("claim QR page", err)
	}
	return p, err
}

func scanQRPage(row scanner) (login.QRPage, error) {
	var p login.QRPage
	err := row.Scan(&p.ID, &p.Session, &p.State, &p.Person, &p.Broker, &p.Means, &p.ACR, jsonColumn{&p.AMR}, timeColumn{&p.AuthTime},
		hashColumn{&p.Network}, timeColumn{&p.CreatedAt}, timeColumn{&p.ShownUntil}, timeColumn{&p.TypedUntil}, &p.Attempt, &p.Elsewhere, &p.Key)
	if err != nil {
		return login.QRPage{}, err
	}
	return p, nil
}
