package server_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/core/people"
	"avain/internal/domain/employment"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/platform/mail"
	"avain/internal/testkit/demo"
)

// What a mail server does with a letter is known afterwards, and no letter is lost or
// doubled by it.
func TestInvitationMail(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.employer("Merituuli Oy")
	for email, want := range map[string]struct {
		state   employment.MailState
		detail  string
		letters int
		wait    bool // for the next try
	}{
		"fine@example.com":     {state: employment.MailSent, letters: 1},
		"refused@example.com":  {state: employment.MailRefused, detail: "550 5.1.1"},
		"rejected@example.com": {state: employment.MailRefused, detail: "554 5.7.1"},
		"slow@example.com":     {state: employment.MailSent, letters: 1},
		"greylist@example.com": {state: employment.MailSent, letters: 1, wait: true},
		"dropped@example.com":  {state: employment.MailSent, letters: 1, wait: true},
		"lost@example.com":     {state: employment.MailSent, letters: 2, wait: true},
	} {
		_, i := r.invite(e, email)
		if want.wait {
			r.eventually("a letter fails at first", func() bool { return r.invitation(i.ID).MailDetail != "" })
			if now := r.invitation(i.ID); now.Mail != employment.MailQueued {
				t.Errorf("%s meanwhile: %s", email, now.Mail)
			}
			r.clock.pass(time.Minute)
			r.Inside.Jobs.Wake()
		}
		r.eventually("the mail to "+email+" ends", func() bool { return r.invitation(i.ID).Mail != employment.MailQueued })
		got := r.invitation(i.ID)
		if got.Mail != want.state || !strings.Contains(got.MailDetail, want.detail) || strings.Contains(got.MailDetail, "@") {
			t.Errorf("%s: %s, %q", email, got.Mail, got.MailDetail)
		}
		letters := r.Mailbox.Mails(email)
		if len(letters) != want.letters {
			t.Errorf("%s: %d letters, want %d", email, len(letters), want.letters)
		}
		for _, l := range letters {
			if l.MessageID != letters[0].MessageID || !strings.HasPrefix(l.MessageID, i.ID) {
				t.Errorf("%s: two letters for one job: %s, %s", email, l.MessageID, letters[0].MessageID)
			}
		}
	}
	r.noJobs()
}

// A mailbox that is full for days: it is tried for two days, and then given up, which
// the employer sees and the operator too.
func TestInvitationMailIsGivenUp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, i := r.invite(r.employer("Merituuli Oy"), "full@example.com")
	began, tried := r.clock.now(), 0
	r.eventually("it is given up", func() bool {
		// The clock must not take the lease of a try that is under way.
		if strings.Contains(r.metrics(), fmt.Sprintf(`avain_jobs_total{kind="mail.invitation",outcome="retried"} %d`, tried+1)) {
			if now := r.invitation(i.ID); now.Mail != employment.MailQueued || now.MailDetail == "" {
				t.Fatalf("after try %d: %+v", tried+1, now)
			}
			tried++
			r.clock.pass(6 * time.Hour)
		}
		r.Inside.Jobs.Wake()
		return r.invitation(i.ID).Mail == employment.MailFailed
	})
	if got := r.invitation(i.ID); !strings.Contains(got.MailDetail, "452 4.2.2") {
		t.Errorf("%q", got.MailDetail)
	}
	if took := r.clock.now().Sub(began); took < 48*time.Hour {
		t.Errorf("given up after %v", took)
	}
	r.eventually("the job is dead", func() bool {
		dead, err := r.Inside.Store.Operations.DeadJobs(t.Context(), "", queue.Place{}, 10)
		return err == nil && len(dead) == 1
	})
}

// A letter to no address is refused like one to a wrong one. A job that nobody can read
// is on the operator's list of dead jobs at once; one whose invitation is gone is done.
func TestInvitationMailThatCannotBe(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, i := r.invite(r.employer("Merituuli Oy"), "")
	if err := r.Inside.Store.Operations.AddJobs(t.Context(),
		queue.Job{ID: login.NewID(), Kind: people.JobInvitation, Payload: []byte("[]"), At: r.clock.now(), CreatedAt: r.clock.now()},
		queue.Job{ID: login.NewID(), Kind: people.JobReminder, Payload: []byte(`{"invitation":"gone"}`), At: r.clock.now(), CreatedAt: r.clock.now()},
	); err != nil {
		t.Fatal(err)
	}
	r.Inside.Jobs.Wake()
	r.eventually("all have ended", func() bool {
		dead, err := r.Inside.Store.Operations.DeadJobs(t.Context(), "", queue.Place{}, 10)
		depths, err2 := r.Inside.Store.Operations.JobDepths(t.Context())
		waiting := int64(0)
		for _, d := range depths {
			waiting += d.Waiting
		}
		return err == nil && err2 == nil && len(dead) == 1 && waiting == 0
	})
	if got := r.invitation(i.ID); got.Mail != employment.MailRefused || !strings.Contains(got.MailDetail, "5.1.3") {
		t.Errorf("%s, %q", got.Mail, got.MailDetail)
	}
	if err := r.Inside.Bounced(t.Context(), "system", strings.NewReader("Subject: hello\r\n\r\nno report")); !errors.Is(err, mail.ErrNoBounce) {
		t.Errorf("a letter that is no report: %v", err)
	}
}

// The reminder comes once, a week later, with the same link; not to somebody who has
// activated or cannot yet, nor after a newer invitation.
func TestInvitationReminder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.employer("Merituuli Oy")
	r.invite(e, "late@example.com")
	r.invite(e, "done@example.com")
	r.invite(e, "early@example.com", func(m *employment.Employment) { m.Benefits = []login.Benefit{{Kind: "lunch"}} })
	again, _ := r.invite(e, "again@example.com")
	letter, link := r.letter("late@example.com", 1)
	_, done := r.letter("done@example.com", 1)
	r.mustSay(r.activate(done, "vieno"), http.StatusOK, activated)
	r.letter("early@example.com", 1)
	r.letter("again@example.com", 1)
	r.noJobs()
	r.clock.pass(6 * 24 * time.Hour)
	if _, _, err := r.Inside.People.Invite(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	r.Inside.Jobs.Wake()
	r.letter("again@example.com", 2)
	for range 2 {
		r.noJobs() // before the clock takes their leases
		r.clock.pass(24*time.Hour + time.Minute)
		if _, err := r.Inside.People.Remind(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.Inside.Jobs.Wake()
		reminder, same := r.letter("late@example.com", 2)
		if same != link || reminder.Subject == letter.Subject || reminder.MessageID == letter.MessageID {
			t.Errorf("the reminder %q with %s", reminder.Subject, same)
		}
	}
	r.noJobs()
	for email, want := range map[string]int{"late@example.com": 2, "done@example.com": 1, "early@example.com": 1, "again@example.com": 2} {
		if got := len(r.Mailbox.Mails(email)); got != want {
			t.Errorf("%s has %d letters, want %d", email, got, want)
		}
	}
	r.mustSay(r.activate(link, "matti"), http.StatusOK, activated)
}

// noJobs waits until all that was ordered is done.
func (r *rig) noJobs() {
	r.Helper()
	r.eventually("all jobs are done", func() bool {
		depths, err := r.Inside.Store.Operations.JobDepths(r.Context())
		return err == nil && len(depths) == 0
	})
}

// A letter that came back after it was taken is noted with its invitation.
func TestInvitationMailBounces(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, i := r.invite(r.employer("Merituuli Oy"), "bounce@example.com")
	r.letter("bounce@example.com", 1)
	r.noJobs()
	var report demo.Mail
	r.eventually("a report comes back", func() bool {
		for _, m := range r.Mailbox.Mails("") {
			if strings.HasPrefix(m.To, "bounces+") {
				report = m
			}
		}
		return report.ID != 0
	})
	if err := r.Inside.Bounced(t.Context(), "system", bytes.NewReader(report.Raw)); err != nil {
		t.Fatal(err)
	}
	if got := r.invitation(i.ID); got.Mail != employment.MailBounced || !strings.Contains(got.MailDetail, "5.1.1") || strings.Contains(got.MailDetail, "@") {
		t.Errorf("%s, %q", got.Mail, got.MailDetail)
	}
}

// Without a mail server nothing is lost: the letter leaves when there is one.
func TestInvitationWaitsForAMailServer(t *testing.T) {
	t.Parallel()
	made, err := keys()
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	log := &lockedBuffer{}
	run := func(mail bool) *demo.Demo {
		d, err := demo.Start(t.Context(), demo.Options{Keys: &made, Data: data, Log: slog.New(slog.NewJSONHandler(log, nil)), Change: func(c *config.Config) {
			if !mail {
				c.Mail = config.Mail{}
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := run(false)
	r := &rig{T: t, Demo: d, log: log, clock: &clock{}}
	_, i := r.invite(r.employer("Merituuli Oy"), "vieno@example.com")
	if got := r.invitation(i.ID); got.Mail != employment.MailQueued {
		t.Errorf("%s", got.Mail)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(log.String(), "no mail server is configured"); n != 1 {
		t.Errorf("the log says %d times what is missing", n)
	}
	r.Demo = run(true)
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	r.letter("vieno@example.com", 1)
	r.eventually("it is noted", func() bool { return r.invitation(i.ID).Mail == employment.MailSent })
}

var anyHost = regexp.MustCompile(`https?://[^/\s"'<>]+`)

// Host and forwarded headers of whoever invites, or of anybody else, change no address
// in a letter: those come from the configuration.
func TestThreat19HostHeadersReachNoLetter(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	names := []string{
		"X-Forwarded-Host", "X-Forwarded-Server", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-For", "X-Host",
		"X-Original-Host", "X-Original-URL", "X-Rewrite-URL", "Forwarded", "X-HTTP-Host-Override", "Origin", "Referer", "True-Client-IP", "CF-Visitor",
		"Front-End-Https", "X-Url-Scheme", "X-ProxyUser-Ip", "Via",
	}
	values := []string{
		"evil.example", "evil.example:443", "https", "https://evil.example", "//evil.example", "host=evil.example;proto=https", "localhost@evil.example",
		"evil.example\\@localhost", "localhost.evil.example", "127.0.0.1, evil.example",
	}
	sent := 0
	for _, name := range names {
		for _, value := range values {
			form := map[string][]string{"email": {"host@example.com"}, "benefit": {"lunch"}}
			header := http.Header{name: {value}}
			if name != "Origin" {
				header["Sec-Fetch-Site"] = []string{"same-origin"}
			}
			request := r.formRequest("/demo/employer", form, header)
			if sent%2 == 1 {
				request.Host = value // the Host header itself
			}
			if status, body, _ := r.do(request); status != http.StatusSeeOther && name != "Origin" && status != http.StatusBadRequest {
				t.Fatalf("%s: %s: %d\n%s", name, value, status, body)
			}
			sent++
		}
	}
	if sent != 200 {
		t.Errorf("%d combinations", sent)
	}
	r.noJobs()
	letters := r.Mailbox.Mails("host@example.com")
	if len(letters) < 100 {
		t.Errorf("only %d letters", len(letters))
	}
	for _, l := range letters {
		for _, host := range anyHost.FindAllString(l.Text+l.HTML, -1) {
			if host != r.Service {
				t.Fatalf("a letter leads to %s", host)
			}
		}
		if strings.Contains(string(l.Raw), "evil") {
			t.Fatalf("a letter names the stranger:\n%s", l.Raw)
		}
	}
}
