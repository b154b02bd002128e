package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"avain/internal/app"
	"avain/internal/config"
	"avain/internal/core/people"
	"avain/internal/domain/employment"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/platform/store"
	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/demo"
	"avain/internal/testkit/loopback"
	"avain/internal/testkit/patience"

	"github.com/emersion/go-smtp"
)

const (
	// crashVictim names the configuration of a child process that invites, sends and
	// activates until it is killed.
	crashVictim = "AVAIN_CRASH_VICTIM"
	// crashEmployer is the employer that it invites for.
	crashEmployer = "AVAIN_CRASH_EMPLOYER"
	// crashTimes changes how often it is killed: AVAIN_CRASHES=3000 for a long night.
	crashTimes = "AVAIN_CRASHES"
	crashes    = 50
	crashTerms = "crash"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(crashVictim); path != "" {
		fmt.Fprintln(os.Stderr, "victim:", inviteUntilKilled(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// TestCrashWhileInviting kills the service at random moments of its work, again and
// again. Afterwards nothing is lost and nothing is doubled: no invitation is without its
// letter, no job has sent two different letters, and every activation is whole or has
// not happened.
func TestCrashWhileInviting(t *testing.T) {
	t.Parallel()
	made, err := keys()
	if err != nil {
		t.Fatal(err)
	}
	post := newPost(t)
	folder := t.TempDir()
	o := demo.Options{Service: loopback.PortFor(t).Address(), Keys: &made, Data: folder, Change: func(c *config.Config) { c.Mail.Port = post.port }}
	d, err := demo.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	employer := (&rig{T: t, Demo: d, clock: &clock{}}).employer("Myrsky Oy").ID
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	post.into(t, filepath.Join(folder, demo.ConfigFile))
	times := crashes
	if more, err := strconv.Atoi(os.Getenv(crashTimes)); err == nil {
		times = more
	}
	said := map[string]string{} // what the victims were told is durable, by invitation
	for range times {
		for _, line := range killed(t, folder, employer) {
			if what, id, ok := strings.Cut(line, " "); ok && said[id] != "activated" {
				said[id] = what
			}
		}
	}

	// The last one lives, at the same address. Its clock is ahead, so that no lease of the
	// dead is left.
	o.Now = func() time.Time { return time.Now().Add(10 * time.Minute) }
	d, err = demo.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	r := &rig{T: t, Demo: d, clock: &clock{}}
	r.noJobs()
	found := r.mustBeWhole(employer, post, said)
	for id, what := range said {
		if !found[id] {
			t.Errorf("%s: lost, although it was %s", id, what)
		}
	}
	for id := range post.letters {
		if !found[id] {
			t.Errorf("%s: a letter left, and there is no invitation", id)
		}
	}
	// And whoever gets a letter of before can still activate.
	r.app, r.browser = r.phone()
	for id, what := range said {
		if i := r.invitation(id); what == "invited" && i.UsedAt.IsZero() {
			r.mustSay(r.activate(r.Service+"/activate/"+r.Inside.People.Ticket(id).Reveal(), "vieno"), http.StatusOK, activated)
			break
		}
	}
	t.Logf("%d kills, %d invitations, %d letters, %d of them sent twice", times, len(found), len(post.letters), post.repeated())
	if len(found) < times || post.repeated() > len(found)/2 {
		t.Errorf("%d invitations, %d letters sent twice", len(found), post.repeated())
	}
}

// mustBeWhole looks at every record of the employer, and lists the invitations.
func (r *rig) mustBeWhole(employer string, post *post, said map[string]string) map[string]bool {
	r.Helper()
	found, after := map[string]bool{}, ""
	for {
		page, err := r.Inside.Store.Employments.Employments(r.Context(), employer, store.EmploymentFilter{After: after}, 500)
		if err != nil {
			r.Fatal(err)
		}
		if len(page) == 0 {
			return found
		}
		for _, m := range page {
			after = m.ID
			all, err := r.Inside.Store.Employments.InvitationsOf(r.Context(), m.ID)
			if err != nil || len(all) != 1 {
				r.Fatalf("%s: %d invitations, %v", m.ID, len(all), err)
			}
			found[all[0].ID] = true
			if what := half(m, all[0]); what != "" {
				r.Errorf("%s: %s: %+v, %+v", said[all[0].ID], what, m, all[0])
			}
			if said[all[0].ID] == "activated" && !m.Active() {
				r.Errorf("%s: the activation is lost", all[0].ID)
			}
			if m.Active() {
				if p, err := r.Inside.Store.People.PersonByID(r.Context(), m.Person); err != nil || !p.SmartumPlus || len(p.Benefits) == 0 {
					r.Errorf("%s: the person has %+v, %v", m.ID, p, err)
				}
			}
			post.mustHave(r.T, m, all[0])
		}
	}
}

// half names what is missing of an activation, or too much; empty when it is whole.
func half(m employment.Employment, i employment.Invitation) string {
	active := m.Active()
	switch {
	case i.UsedAt.IsZero() == active:
		return "the invitation and the record disagree"
	case (m.Terms == crashTerms) != active || m.TermsAt.IsZero() == active:
		return "the terms"
	case (m.Person != "") != active:
		return "the person"
	case len(m.Benefits) != 2 || m.Benefits[0].ActivatedAt.IsZero() == active || m.Benefits[1].ActivatedAt.IsZero() == active:
		return "the benefits"
	default:
		return ""
	}
}

// killed runs a victim for a moment, kills it, and returns what it has reported.
func killed(t *testing.T, folder, employer string) (lines []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // ourselves
	cmd.Env = append(os.Environ(), crashVictim+"="+filepath.Join(folder, demo.ConfigFile), crashEmployer+"="+employer)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var timer *time.Timer
	scanner := bufio.NewScanner(out)
	for scanner.Scan() {
		if lines = append(lines, scanner.Text()); timer == nil {
			timer = time.AfterFunc(time.Duration(rand.Int64N(int64(120*time.Millisecond))), func() { //nolint:gosec // when to kill is no secret
				if err := cmd.Process.Kill(); err != nil {
					t.Error(err)
				}
			})
		}
	}
	if err := cmd.Wait(); err == nil || timer == nil {
		t.Fatalf("the victim ended by itself after %d lines: %v", len(lines), err)
	}
	return lines
}

// inviteUntilKilled is the victim: the whole service works on its jobs, while people are
// invited and activate.
func inviteUntilKilled(path string) error {
	ctx := context.Background()
	loaded, err := config.Load(path, os.Environ())
	if err != nil {
		return err
	}
	s, err := app.New(ctx, loaded, app.Deps{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	go s.Run(ctx)
	var out sync.Mutex
	report := func(what, id string) {
		out.Lock()
		defer out.Unlock()
		fmt.Println(what, id)
	}
	failed := make(chan error)
	for range 4 {
		go func() {
			for {
				if err := victimInvites(ctx, s, report); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	return <-failed
}

func victimInvites(ctx context.Context, s *app.Service, report func(what, id string)) error {
	now := time.Now()
	_, i, err := s.People.Hire(ctx, employment.Employment{
		Employer: os.Getenv(crashEmployer), Email: "somebody@example.com", Kind: employment.UserSmartumPlus,
		Benefits: []login.Benefit{{Kind: "lunch", ReleasedAt: now}, {Kind: "sports", ReleasedAt: now}},
	}, hetu.Code{}, true)
	if err != nil {
		return err
	}
	report("invited", i.ID)
	s.Jobs.Wake()
	if rand.IntN(2) == 0 { //nolint:gosec // who activates is no secret
		time.Sleep(5 * time.Millisecond)
		return nil
	}
	// Of two hundred humans, so that many have been here before.
	human := brokersim.GeneratedPerson(rand.IntN(200)) //nolint:gosec // the same
	_, err = s.People.Activate(ctx, login.Identity{
		HETU: human.HETU, GivenName: human.GivenName, FamilyName: human.FamilyName, Name: human.Name,
	}, people.Accepted{Invitation: i.ID, Terms: crashTerms, At: now})
	if err != nil {
		return err
	}
	report("activated", i.ID)
	return nil
}

// post is a mail server that remembers what it was given, and takes its time: a service
// that is killed meanwhile does not learn that its letter was taken.
type post struct {
	port    int
	mu      sync.Mutex
	letters map[string][]string // what was sent, by the invitation that the letter is named after
}

func newPost(t *testing.T) *post {
	t.Helper()
	p := &post{letters: map[string][]string{}}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	p.port = listener.Addr().(*net.TCPAddr).Port
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &postSession{p}, nil }))
	server.Domain, server.ErrorLog = "post.example", log.New(io.Discard, "", 0) // it hears of every death
	open := loopback.ServeSMTP(server, listener, nil)
	t.Cleanup(func() {
		ctx, cancel := patience.Within(context.Background())
		defer cancel()
		if err := open.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return p
}

// into makes the configuration in a file send the letters here.
func (p *post) into(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for n, line := range lines {
		if strings.HasPrefix(line, "  port: ") {
			lines[n] = "  port: " + strconv.Itoa(p.port)
		}
	}
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (p *post) repeated() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, all := range p.letters {
		if len(all) > 1 {
			n++
		}
	}
	return n
}

// mustHave checks the letters of one invitation.
func (p *post) mustHave(t *testing.T, m employment.Employment, i employment.Invitation) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.letters[i.ID]
	if len(all) == 0 && !m.Active() {
		t.Errorf("%s: no letter left", i.ID)
	}
	if len(all) > 0 && !m.Active() && i.Mail != employment.MailSent {
		t.Errorf("%s: the letter left, and it is noted as %s", i.ID, i.Mail)
	}
	for _, letter := range all {
		if letter != all[0] {
			t.Errorf("%s: two different letters:\n%s\n%s", i.ID, all[0], letter)
		}
	}
}

type postSession struct{ post *post }

func (*postSession) Reset()                               {}
func (*postSession) Logout() error                        { return nil }
func (*postSession) Mail(string, *smtp.MailOptions) error { return nil }
func (*postSession) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (s *postSession) Data(r io.Reader) error {
	message, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(message.Body)
	if err != nil {
		return err
	}
	id, _, ok := strings.Cut(strings.Trim(message.Header.Get("Message-Id"), "<>"), "@")
	if !ok {
		return errors.New("a letter without an id")
	}
	_, boundary, _ := strings.Cut(message.Header.Get("Content-Type"), "boundary=")
	letter := strings.ReplaceAll(string(text), strings.Trim(boundary, `"`), "--") // chosen anew each time
	s.post.mu.Lock()
	s.post.letters[id] = append(s.post.letters[id], message.Header.Get("Subject")+"\n"+letter)
	s.post.mu.Unlock()
	time.Sleep(time.Duration(rand.Int64N(int64(3 * time.Millisecond)))) //nolint:gosec // no secret
	return nil
}
