package store

import (
	"context"
	"errors"
	"fmt"

	"avain/internal/domain/operations"
)

const (
	switchesSQL = `SELECT name, state, reasons, by, at FROM switches ORDER BY name`

	setSwitchSQL = `INSERT INTO switches (name, state, reasons, by, at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (name) DO UPDATE SET state = excluded.state, reasons = excluded.reasons, by = excluded.by, at = excluded.at`
)

// How the state of a switch is stored.
const (
	switchedOn  = "on"
	switchedOff = "off"
)

// Switches lists what has ever been switched, by name. They are as few as there are
// methods and banks.
func (s *Operations) Switches(ctx context.Context) (_ []operations.Switch, err error) {
	rows, err := s.db.reader().QueryContext(ctx, switchesSQL)
	if err != nil {
		return nil, wrap("list switches", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var all []operations.Switch
	for rows.Next() {
		var one operations.Switch
		var state string
		if err := rows.Scan(&one.Name, &state, jsonColumn{&one.Reasons}, &one.By, timeColumn{&one.At}); err != nil {
			return nil, wrap("list switches", err)
		}
		if one.On = state == switchedOn; !one.On && state != switchedOff {
			return nil, fmt.Errorf("list switches: %s is neither on nor off", one.Name)
		}
		all = append(all, one)
	}
	return all, wrap("list switches", rows.Err())
}

// SetSwitch sets a switch; the last one to set it wins.
func (s *Operations) SetSwitch(ctx context.Context, one operations.Switch) error {
	state := switchedOff
	if one.On {
		state = switchedOn
	}
	reasons, err := asJSON(one.Reasons)
	if err != nil {
		return wrap("set switch", err)
	}
	err = s.db.write(ctx, func(ctx context.Context, tx runner) error {
		_, err := tx.ExecContext(ctx, setSwitchSQL, text(one.Name), state, text(reasons), text(one.By), millis(one.At))
		return err
	})
	return wrap("set switch", err)
}
