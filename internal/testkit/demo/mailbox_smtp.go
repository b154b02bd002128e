package demo

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

// Behaviour is what the mailbox does with a letter.
type Behaviour string

// The behaviours; each is also the beginning of an address that has it (see
// [ByAddress]).
const (
	Takes   Behaviour = ""         // as it should
	Refuses Behaviour = "refused"  // there is no such address
	Full    Behaviour = "full"     // the person's mailbox is full, for ever
	Delays  Behaviour = "greylist" // not at the first try
	Rejects Behaviour = "rejected" // the letter is called spam
	Slow    Behaviour = "slow"     // three seconds before the answer
	Drops   Behaviour = "dropped"  // the connection breaks in the middle of the letter, at the first try
	Loses   Behaviour = "lost"     // the letter is taken and the connection breaks before we say so, at the first try
	Bounces Behaviour = "bounce"   // the letter is taken, and a report comes back
)

// Behaviours lists them with what they mean, for the page.
func Behaviours() []struct{ Address, Note string } {
	return []struct{ Address, Note string }{
		{"refused@…", "there is no such address (550 5.1.1)"},
		{"full@…", "the person's mailbox is full, at every try (452 4.2.2)"},
		{"greylist@…", "not at the first try (451 4.7.1)"},
		{"rejected@…", "the letter is refused as spam (554 5.7.1)"},
		{"slow@…", "three seconds pass before the letter is taken"},
		{"dropped@…", "the connection breaks in the middle of the letter, at the first try"},
		{"lost@…", "the letter is taken, and the connection breaks before the mailbox says so, at the first try"},
		{"bounce@…", "the letter is taken, and a report that it could not be delivered comes back"},
	}
}

const slowness = 3 * time.Second

// ByAddress misbehaves for addresses that begin with the name of a behaviour, alone
// or with something behind a +: "greylist+aino@example.com".
func ByAddress(to string, try int) Behaviour {
	local, _, _ := strings.Cut(strings.ToLower(to), "@")
	name, _, _ := strings.Cut(local, "+")
	switch b := Behaviour(name); b {
	case Refuses, Full, Rejects, Slow, Bounces:
		return b
	case Delays, Drops, Loses:
		if try == 1 {
			return b
		}
	default:
	}
	return Takes
}

func (b *Mailbox) session(c *smtp.Conn) (smtp.Session, error) {
	return &mailSession{box: b, conn: c}, nil
}

// mailSession is one conversation. Each address of a letter gets a copy.
type mailSession struct {
	box  *Mailbox
	conn *smtp.Conn
	from string
	to   []recipient
}

type recipient struct {
	address string
	does    Behaviour
}

func (s *mailSession) Reset()        { s.from, s.to = "", nil }
func (s *mailSession) Logout() error { return nil }

func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	does := s.box.next(s.from, to)
	switch does {
	case Refuses:
		return answer(550, smtp.EnhancedCode{5, 1, 1}, "<"+to+">: no such address here")
	case Full:
		return answer(452, smtp.EnhancedCode{4, 2, 2}, "<"+to+">: mailbox full")
	case Delays:
		return answer(451, smtp.EnhancedCode{4, 7, 1}, "Greylisted, please come back later")
	default:
		s.to = append(s.to, recipient{to, does})
		return nil
	}
}

func answer(code int, enhanced smtp.EnhancedCode, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
}

// next counts a try and says what happens to it.
func (b *Mailbox) next(from, to string) Behaviour {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := from + " " + to
	b.tries[key]++
	return b.behave(to, b.tries[key])
}

var errBroken = errors.New("the connection was broken on purpose")

func (s *mailSession) Data(r io.Reader) error {
	for _, to := range s.to {
		if to.does == Drops {
			_, _ = io.CopyN(io.Discard, r, 100) // whatever there is of it
			return errors.Join(errBroken, s.conn.Conn().Close())
		}
	}
	letter, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	for _, to := range s.to {
		if err := s.deliver(to, letter); err != nil {
			return err
		}
	}
	return nil
}

func (s *mailSession) deliver(to recipient, letter []byte) error {
	switch to.does {
	case Rejects:
		return answer(554, smtp.EnhancedCode{5, 7, 1}, "Message looks like spam")
	case Slow:
		select {
		case <-time.After(slowness):
		case <-s.box.done:
		}
	default:
	}
	if err := s.box.keep(s.from, to.address, letter); err != nil {
		return fmt.Errorf("mailbox: %w", err)
	}
	switch to.does {
	case Loses:
		return errors.Join(errBroken, s.conn.Conn().Close())
	case Bounces:
		return s.box.keep("", s.from, bounceReport(s.from, to.address, letter, s.box.now()))
	default:
		return nil
	}
}
