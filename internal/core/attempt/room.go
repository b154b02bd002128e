package attempt

import (
	"context"
	"errors"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
)

// How old a login must be to give way, so that nobody loses one that they are about to go
// on with: an app opens the browser at once, and a person finds their bank in less than a
// minute. A flood from one network cannot be larger than what it may start in that time.
const (
	graceBegun = 15 * time.Second
	graceShown = time.Minute
)

// MakeRoom ends one login of a network, or of a site where the network is left out, that
// costs its person so much; the newest. False: there is none.
func (s *Attempts) MakeRoom(ctx context.Context, from login.Source, cost login.Cost) (bool, error) {
	now := s.d.Now()
	room := login.Room{Network: from.Network, Site: from.Site, At: now, Event: login.Event{
		At: now, Step: login.StepExpire, Outcome: login.OutcomeFailed, Reason: login.ReasonCrowdedOut,
	}}
	switch cost {
	case login.CostNothing:
		room.Stage, room.Before = login.StageBegun, now.Add(-graceBegun)
	case login.CostLittle:
		room.Stage, room.Before = login.StageShown, now.Add(-graceShown)
	case login.CostMore:
		room.Stage = login.StageBegun
	default:
		room.Stage = login.StageShown
	}
	a, err := s.d.Attempts.MakeRoom(ctx, room)
	if errors.Is(err, fault.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	s.d.Observe(a, room.Event)
	return true, nil
}
