package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"avain/internal/config"
	"avain/internal/domain/employment"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/demo"
	"avain/internal/testkit/robot"
)

// target is an installation that is attacked, and what the attacker has there: an
// account at the bank, an employer with keys of the API, invitations of its own.
type target struct {
	Service, App, Banks, Mail, Admin string // base URLs

	Person   string // the attacker's user name at the simulated bank
	APIKey   string // sees the attacker's employer only
	SCIMKey  string // likewise
	Employer string // its id

	// Foreign are ids that belong to others, to be tried; Canaries are their data, which
	// the attacker never sends and must never see.
	Foreign  []string
	Canaries []string
}

// The victim is a person with an employer, a session and a mailbox.
const (
	victimUser     = "aino"
	attackerUser   = "matti"
	victimEmployer = "Kanarialinnut Oy"
	victimEmail    = "canary.victim@kanaria.example"
	victimFamily   = "Kanarialintunen"
)

// newTarget starts everything in this process. Limits are out of the way, because
// what they refuse is not tried.
func newTarget(ctx context.Context, keys *demo.Keys, log *slog.Logger) (*demo.Demo, target, error) {
	often := config.Rate{Count: 1_000_000_000, Per: time.Second}
	d, err := demo.Start(ctx, demo.Options{Keys: keys, Log: log, Change: func(c *config.Config) {
		c.Limits.StartsPerKey, c.Limits.StartsPerNetwork, c.Limits.RequestsPerNetwork = often, often, often
		c.Limits.OpenAttempts = 10_000_000
	}})
	if err != nil {
		return nil, target{}, err
	}
	t := target{Service: d.Service, App: d.App, Banks: d.Banks, Mail: d.Mail, Admin: d.Admin, Person: attackerUser}
	if err := t.furnish(ctx, d); err != nil {
		return nil, t, errors.Join(err, d.Close())
	}
	return d, t, nil
}

// furnish makes the attacker's employer and the victim's.
func (t *target) furnish(ctx context.Context, d *demo.Demo) error {
	now := time.Now()
	own, foreign := employment.Employer{ID: login.NewID(), Name: "Oma Oy", CreatedAt: now}, employment.Employer{ID: login.NewID(), Name: victimEmployer, CreatedAt: now}
	for _, e := range []employment.Employer{own, foreign} {
		if err := d.Inside.Store.Employments.AddEmployer(ctx, e); err != nil {
			return err
		}
	}
	t.Employer = own.ID
	for into, scopes := range map[*string][]operations.APIScope{
		&t.APIKey: {
			operations.ScopeEmployersRead, operations.ScopeEmployersWrite, operations.ScopePersonsRead, operations.ScopePersonsWrite,
			operations.ScopeInvitationsWrite, operations.ScopeImport,
		},
		&t.SCIMKey: {operations.ScopeSCIM},
	} {
		_, shown, err := d.Inside.APIKeys.New(ctx, operations.APIKey{Name: "attacker", Scopes: scopes, Employers: []string{own.ID}})
		if err != nil {
			return err
		}
		*into = shown.Reveal()
	}
	return t.addVictim(ctx, d, foreign)
}

func (t *target) addVictim(ctx context.Context, d *demo.Demo, e employment.Employer) error {
	tokens, err := logIn(ctx, d.Service, d.App, victimUser)
	if err != nil {
		return err
	}
	aino, err := d.Inside.People.Identify(ctx, login.Identity{HETU: codeOf(victimUser)})
	if err != nil {
		return err
	}
	sessions, err := d.Inside.Store.Sessions.SessionsOfPerson(ctx, aino.ID)
	if err != nil || len(sessions) == 0 {
		return fmt.Errorf("the victim is not logged in: %d sessions, %w", len(sessions), err)
	}
	record := employment.Employment{
		ID: login.NewID(), Employer: e.ID, Person: aino.ID, Kind: employment.UserSmartumPlus, ExternalID: "canary-0451",
		UserName: "canary.user", GivenName: "Kaisa", FamilyName: victimFamily, Email: victimEmail, CreatedAt: time.Now(),
	}
	if err := d.Inside.Store.Employments.AddEmployment(ctx, record); err != nil {
		return err
	}
	t.Foreign = []string{e.ID, record.ID, aino.ID, sessions[0].ID}
	t.Canaries = []string{
		victimEmployer, victimEmail, victimFamily, "canary-0451", "canary.user", aino.Subject, aino.FamilyName,
		codeOf(victimUser).Reveal(), tokens.AccessToken, tokens.RefreshToken,
	}
	return nil
}

// startedTarget is a target in a process of its own.
type startedTarget struct {
	target
	stop func() []finding // ends it; what its log told that must not be there
}

// startTarget runs this program again as the process that is attacked, so that its
// memory is its own.
func startTarget(ctx context.Context) (startedTarget, error) {
	program, err := os.Executable()
	if err != nil {
		return startedTarget{}, err
	}
	command := exec.CommandContext(ctx, program, targetRole) //nolint:gosec // this very program
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 30 * time.Second
	in, err := command.StdinPipe()
	if err != nil {
		return startedTarget{}, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return startedTarget{}, err
	}
	log := &logReader{}
	command.Stderr = log
	if err := command.Start(); err != nil {
		return startedTarget{}, err
	}
	t := startedTarget{stop: sync.OnceValue(func() []finding {
		_ = in.Close() // tells it to stop
		if err := command.Wait(); err != nil {
			log.findings = append(log.findings, finding{Kind: "died", Detail: err.Error()})
		}
		return log.findings
	})}
	if err := json.NewDecoder(bufio.NewReader(out)).Decode(&t.target); err != nil {
		return t, fmt.Errorf("the target did not start: %w, %v", err, t.stop())
	}
	return t, nil
}

// serveTarget is that process: it writes who it is, and ends with its input.
func serveTarget(ctx context.Context, in io.Reader, out io.Writer) error {
	d, t, err := newTarget(ctx, nil, slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	if err != nil {
		return err
	}
	if err := json.NewEncoder(out).Encode(t); err != nil { //nolint:gosec // keys of an installation that is thrown away
		return errors.Join(err, d.Close())
	}
	_, err = io.Copy(io.Discard, in)
	return errors.Join(err, d.Close())
}

// logReader reads the log of the service. It is written by one goroutine, and read
// when that is over; in the gate the service's own goroutines share it.
type logReader struct {
	mu       sync.Mutex
	rest     []byte
	findings []finding
}

// maxLogged bounds how many lines of the log are kept.
const maxLogged = 50

// Write takes a part of the log.
func (l *logReader) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, b...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			return len(b), nil
		}
		l.rest = rest
		l.line(string(line))
	}
}

func (l *logReader) line(line string) {
	kind := "logged"
	if strings.Contains(line, "panic") || strings.Contains(line, "DATA RACE") {
		kind = "panic"
	} else if !strings.Contains(line, `"level":"ERROR"`) {
		return
	}
	if len(l.findings) < maxLogged {
		l.findings = append(l.findings, finding{Kind: kind, Detail: line})
	}
}

// take returns what was found so far.
func (l *logReader) take() []finding {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.findings
}

// logIn is a whole direct login of somebody at the simulated bank.
func logIn(ctx context.Context, service, app, user string) (robot.Tokens, error) {
	v, err := newVisitor(service, app)
	if err != nil {
		return robot.Tokens{}, err
	}
	defer v.close()
	return v.logIn(ctx, user)
}

// codeOf is the identity code of a person of the simulated bank.
func codeOf(user string) hetu.Code {
	for _, p := range brokersim.People() {
		if p.UserID == user {
			return p.HETU
		}
	}
	panic("nobody is called " + user)
}
