package demo

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"avain/internal/testkit/loopback"

	"github.com/emersion/go-smtp"
)

// Mailbox takes the service's letters by SMTP and keeps the last ones, whoever they
// are addressed to. It can misbehave as real servers do.
type Mailbox struct {
	folder string // where letters lie as files; empty: in memory only
	now    func() time.Time
	server *smtp.Server
	open   *loopback.SMTP // since start
	done   chan struct{}  // closed at the end: nobody waits for a slow server

	mu      sync.Mutex
	mails   []Mail // the oldest first
	last    int
	tries   map[string]int // of one sender and address
	behave  func(to string, try int) Behaviour
	changed chan struct{} // closed and replaced when a letter comes
}

// keptMails is how many letters the mailbox keeps.
const keptMails = 200

// newMailbox reads what lies in the folder from the last time.
func newMailbox(folder string, now func() time.Time, log *slog.Logger) (*Mailbox, error) {
	b := &Mailbox{
		folder: folder, now: now, done: make(chan struct{}), tries: map[string]int{}, behave: ByAddress,
		changed: make(chan struct{}),
	}
	if b.now == nil {
		b.now = time.Now
	}
	b.server = smtp.NewServer(smtp.BackendFunc(b.session))
	b.server.Domain = "mailbox.example"
	b.server.MaxMessageBytes = 1 << 20
	b.server.ReadTimeout, b.server.WriteTimeout = time.Minute, time.Minute
	b.server.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	if folder == "" {
		return b, nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	return b, b.read()
}

// read brings back the letters of the last time. A file that is no letter is passed
// over: somebody may have put it there.
func (b *Mailbox) read() error {
	paths, err := filepath.Glob(filepath.Join(b.folder, "*.eml"))
	if err != nil {
		return err
	}
	slices.Sort(paths)
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var id int
		if _, err := fmt.Sscanf(filepath.Base(path), "%d.eml", &id); err != nil || id < 1 {
			continue
		}
		b.mails = append(b.mails, parseMail(id, raw))
		b.last = max(b.last, id)
	}
	return nil
}

// Behave sets what the mailbox does with a letter to an address; try counts from 1
// for each sender and address. The standard is [ByAddress].
func (b *Mailbox) Behave(choose func(to string, try int) Behaviour) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.behave = choose
}

// Mails lists the letters to an address, or all of them for the empty one; the
// oldest comes first.
func (b *Mailbox) Mails(to string) []Mail {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Mail
	for _, m := range b.mails {
		if to == "" || strings.EqualFold(m.To, to) {
			out = append(out, m)
		}
	}
	return out
}

// Wait returns the letters to an address as soon as there are n of them.
func (b *Mailbox) Wait(ctx context.Context, to string, n int) ([]Mail, error) {
	for {
		b.mu.Lock()
		changed := b.changed
		b.mu.Unlock()
		if mails := b.Mails(to); len(mails) >= n {
			return mails, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return b.Mails(to), fmt.Errorf("waiting for letter %d to %s: %w", n, to, context.Cause(ctx))
		}
	}
}

// keep stores a letter with the lines that a mail server writes on top of it.
func (b *Mailbox) keep(from, to string, letter []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	at := b.now()
	head := fmt.Sprintf("Return-Path: <%s>\r\nDelivered-To: %s\r\nReceived: by %s with ESMTP id %d;\r\n\t%s\r\n",
		from, to, b.server.Domain, b.last, at.Format(time.RFC1123Z))
	raw := append([]byte(head), letter...)
	b.mails = append(b.mails, parseMail(b.last, raw))
	gone := max(len(b.mails)-keptMails, 0)
	for _, m := range b.mails[:gone] {
		if b.folder != "" {
			_ = os.Remove(b.file(m.ID)) // it may be gone already
		}
	}
	b.mails = b.mails[gone:]
	close(b.changed)
	b.changed = make(chan struct{})
	if b.folder == "" {
		return nil
	}
	return os.WriteFile(b.file(b.last), raw, 0o600)
}

func (b *Mailbox) file(id int) string {
	return filepath.Join(b.folder, fmt.Sprintf("%06d.eml", id))
}

// find is the letter with an id.
func (b *Mailbox) find(id int) (Mail, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.mails, func(m Mail) bool { return m.ID == id })
	if i < 0 {
		return Mail{}, false
	}
	return b.mails[i], true
}

// start takes letters until close.
func (b *Mailbox) start(l net.Listener) { b.open = loopback.ServeSMTP(b.server, l, nil) }

// close waits for the conversations that are going on.
func (b *Mailbox) close(ctx context.Context) error {
	close(b.done)
	return b.open.Close(ctx)
}
