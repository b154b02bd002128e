package store

import (
	"database/sql"
	"errors"

	"avain/internal/domain/login"
)

// fieldBound is the length, in bytes, at which each text of an event is cut.
const fieldBound = 256

// startRow is a new row, in the order of startAttemptSQL.
func startRow(a login.Attempt, secrets login.AttemptSecrets) ([]any, error) {
	row, err := attemptRow(a)
	if err != nil {
		return nil, err
	}
	return append(row, hash(a.Source.Site),
		hash(secrets.RequestURI), hash(secrets.AuthSession), hash(secrets.Link)), nil
}

func attemptRow(a login.Attempt) ([]any, error) {
	request, err1 := asJSON(a.Request)
	device, err2 := asJSON(a.Device)
	amr, err3 := asJSON(a.AMR)
	timeline, err4 := timelineLines(a.Timeline...)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	return []any{
		a.ID, a.SupportCode, string(a.Method), string(a.State), string(a.Reason), text(a.Client), text(a.Key),
		text(a.Person), text(a.Broker), text(a.Means), text(a.ACR), amr, millis(a.AuthTime), text(string(a.Place)), text(a.Session),
		millis(a.CreatedAt), millis(a.UpdatedAt), millis(a.ExpiresAt), millis(a.CodeExpiresAt), hash(a.Browser),
		request, device, timeline,
		int64(a.Stage), millis(a.ProvedAt), millis(a.DigitsUntil), string(a.Turned), hash(a.Source.Network),
	}, nil
}

// scanner is a row, or the current one of several.
type scanner interface{ Scan(dest ...any) error }

var _ scanner = (*sql.Row)(nil)

func scanAttempt(row scanner) (login.Attempt, error) {
	var a login.Attempt
	err := row.Scan(
		&a.ID, &a.SupportCode, &a.Method, &a.State, &a.Reason, &a.Client, &a.Key,
		&a.Person, &a.Broker, &a.Means, &a.ACR, jsonColumn{&a.AMR}, timeColumn{&a.AuthTime}, &a.Place, &a.Session,
		timeColumn{&a.CreatedAt}, timeColumn{&a.UpdatedAt}, timeColumn{&a.ExpiresAt}, timeColumn{&a.CodeExpiresAt}, hashColumn{&a.Browser},
		jsonColumn{&a.Request}, jsonColumn{&a.Device}, timelineColumn{&a.Timeline},
		&a.Stage, timeColumn{&a.ProvedAt}, timeColumn{&a.DigitsUntil}, &a.Turned, hashColumn{&a.Source.Network},
	)
	if err != nil {
		return login.Attempt{}, err
	}
	return a, nil
}
