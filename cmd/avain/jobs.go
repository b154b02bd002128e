package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"avain/internal/app"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/platform/audit"
)

type jobsListCommand struct {
	configFlag
}

// Help is shown by avain admin jobs list --help.
func (jobsListCommand) Help() string {
	return `Counts the letters, messages and imports that wait or were given up, per kind. A kind whose oldest job has been due for long has nobody who works on it, or not enough.

  avain admin jobs list
  avain admin jobs list --json`
}

// kindLine is one line of the list.
type kindLine struct {
	Kind    string     `json:"kind"`
	Waiting int64      `json:"waiting"`
	Dead    int64      `json:"dead"`
	Due     *time.Time `json:"oldest_due,omitempty"` // of those that wait; it may lie ahead
}

// Run lists.
func (c jobsListCommand) Run(ctx context.Context, t terminal) error {
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		depths, err := s.Store.Operations.JobDepths(ctx)
		if err != nil {
			return err
		}
		kinds := make([]kindLine, len(depths))
		for i, d := range depths {
			kinds[i] = kindLine{Kind: d.Kind, Waiting: d.Waiting, Dead: d.Dead, Due: timeOrNone(d.Oldest)}
		}
		rows := [][]string{}
		for _, k := range kinds {
			rows = append(rows, []string{k.Kind, strconv.FormatInt(k.Waiting, 10), strconv.FormatInt(k.Dead, 10), dateTime(k.Due)})
		}
		return t.table(kinds, []string{"KIND", "WAITING", "DEAD", "OLDEST DUE"}, rows)
	})
}

type jobsDeadCommand struct {
	configFlag
	Kind  string `placeholder:"KIND" help:"Of this kind only."`
	Limit int    `default:"100" help:"At most so many, those first that were given up first."`
}

// Help is shown by avain admin jobs dead --help.
func (jobsDeadCommand) Help() string {
	return `Lists what was given up, and why; with --json also what it is about. Times are UTC.

  avain admin jobs dead
  avain admin jobs dead --kind webhook.crm --json`
}

// deadLine is one line of the list.
type deadLine struct {
	ID      string          `json:"id"`
	Kind    string          `json:"kind"`
	Key     string          `json:"key,omitempty"`
	Tries   int             `json:"tries"`
	Ordered *time.Time      `json:"ordered_at,omitempty"`
	Dead    *time.Time      `json:"dead_at"`
	Error   string          `json:"error"`
	Payload json.RawMessage `json:"payload"` // ids
}

// jobsPage is how many jobs are read at once.
const jobsPage = 500

// Run lists.
func (c jobsDeadCommand) Run(ctx context.Context, t terminal) error {
	if c.Limit < 1 {
		return usageError{errors.New("--limit must be at least 1")}
	}
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		dead := []deadLine{}
		for place := (queue.Place{}); len(dead) < c.Limit; {
			page, err := s.Store.Operations.DeadJobs(ctx, c.Kind, place, min(jobsPage, c.Limit-len(dead)))
			if err != nil {
				return err
			}
			if len(page) == 0 {
				break
			}
			for _, j := range page {
				dead = append(dead, deadLine{
					ID: j.ID, Kind: j.Kind, Key: j.Key, Tries: j.Tries, Ordered: timeOrNone(j.CreatedAt), Dead: timeOrNone(j.DeadAt),
					Error: j.Error, Payload: j.Payload,
				})
				place = j.Place()
			}
		}
		rows := [][]string{}
		for _, d := range dead {
			rows = append(rows, []string{d.ID, d.Kind, strconv.Itoa(d.Tries), dateTime(d.Dead), d.Error})
		}
		return t.table(dead, []string{"ID", "KIND", "TRIES", "GIVEN UP", "WHY…"}, rows)
	})
}

type jobsRetryCommand struct {
	configFlag
	IDs  []string `arg:"" optional:"" name:"id" help:"Of jobs, as avain admin jobs dead shows them."`
	Kind string   `placeholder:"KIND" help:"All of this kind instead."`
}

// Help is shown by avain admin jobs retry --help.
func (jobsRetryCommand) Help() string {
	return `Begins jobs anew that were given up. Do it when what kept them from being done has been put right. An id that begins with - goes after --.

  avain admin jobs retry --kind webhook.crm
  avain admin jobs retry 3q2-7wAAAAAAAAAAAAAAAA`
}

// Run begins them anew.
func (c jobsRetryCommand) Run(ctx context.Context, t terminal) error {
	if (len(c.IDs) == 0) == (c.Kind == "") {
		return usageError{errors.New("name jobs by their ids, or all of one kind with --kind")}
	}
	for _, id := range c.IDs {
		if !login.ValidID(id) {
			return usageError{fmt.Errorf("%q is not the id of a job; avain admin jobs dead shows them", id)}
		}
	}
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		revived, err := c.revive(ctx, s)
		return errors.Join(err, t.say(map[string]int64{"revived": revived}, "%d begun anew", revived))
	})
}

// revive goes on after a job that is not on the list, and reports it in the end.
func (c jobsRetryCommand) revive(ctx context.Context, s *app.Service) (revived int64, failed error) {
	if c.Kind != "" {
		return c.reviveKind(ctx, s)
	}
	for _, id := range c.IDs {
		err := s.Audit.Atomically(ctx, func(ctx context.Context) error {
			s.Audit.JobsRetried(ctx, audit.System, "job:"+id, 1)
			return s.Store.Operations.ReviveJob(ctx, id, time.Now())
		})
		switch {
		case err == nil:
			revived++
		case errors.Is(err, fault.ErrNotFound):
			failed = errors.Join(failed, fmt.Errorf("%s is not on the list of dead jobs", id))
		default:
			return revived, errors.Join(failed, err)
		}
	}
	return revived, failed
}

// reviveKind begins with many jobs in turn: everybody's writes wait for each transaction.
func (c jobsRetryCommand) reviveKind(ctx context.Context, s *app.Service) (revived int64, err error) {
	now := time.Now()
	for more := true; more && err == nil; {
		var n int64
		err = s.Audit.Atomically(ctx, func(ctx context.Context) (err error) {
			if n, more, err = s.Store.Operations.ReviveJobs(ctx, c.Kind, now); n > 0 {
				s.Audit.JobsRetried(ctx, audit.System, "kind:"+c.Kind, n)
			}
			return err
		})
		if err == nil {
			revived += n
		}
	}
	return revived, err
}

func timeOrNone(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

func dateTime(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format(time.DateTime)
}
