package brokersim

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"avain/internal/secret"
)

// call is one request to a phone to confirm with its Mobile Certificate.
type call struct {
	id        string // names the simulated phone's page; whoever has it holds the phone
	number    string
	event     string // shown on the page and on the phone, so that the person can compare
	sentAt    time.Time
	answer    int       // what the Mobile Certificate service answers; 0: nothing yet
	answersAt time.Time // the broker learns it when it asks from then on
	deaf      bool      // the phone does not ring at all
	wrongPINs int
	notice    string // key of the text on the phone about a wrong PIN
}

const (
	eventAlphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789" // 32 letters: no modulo bias
	pinTries      = 3
)

// newEvent makes an event id of 4 to 8 letters and digits.
func newEvent() string {
	b := make([]byte, 9)
	_, _ = rand.Read(b) // never fails
	id := make([]byte, 4+int(b[8])%5)
	for i := range id {
		id[i] = eventAlphabet[b[i]%32]
	}
	return string(id)
}

// ring sends the request to the phone. Mistakes in the form come back at once; what
// happens on the phone shows when the page asks.
func (s *Sim) ring(v *visit, form url.Values) {
	if s.trouble.take(CancelAtBank) {
		s.cancel(v, nil)
		return
	}
	now := s.config.Now()
	c := &call{id: secret.NewShort().Reveal(), number: phoneNumber(form.Get("phone")), event: newEvent(), sentAt: now}
	scripted := s.scripted(c.number)
	switch {
	case c.number == "":
		v.notice = "notice-number"
		return
	case scripted == mobileWrong || scripted == mobileUnknown:
		v.notice = "mobile-" + strconv.Itoa(scripted)
		return
	case scripted != 0:
		c.deaf, c.answer, c.answersAt = true, scripted, now.Add(s.config.Timing.FirstPoll)
	default:
		p := s.owner(c.number)
		if notice := spamNotice(p, strings.TrimSpace(form.Get("spam"))); notice != "" {
			v.notice = notice
			return
		}
		v.person = p
	}
	if s.trouble.take(MobileTimeout) {
		c.deaf, c.answer, c.answersAt = true, mobileTimeout, now.Add(s.config.Timing.FirstPoll)
	}
	v.call, v.step = c, stepWaiting
	s.phones.add(secret.Of(c.id).Hash(), v, now, now.Add(visitKept))
}

func spamNotice(p Person, given string) string {
	switch {
	case p.SpamCode == "" || strings.EqualFold(given, p.SpamCode):
		return ""
	case given == "":
		return "mobile-" + strconv.Itoa(mobileSpamMissing)
	default:
		return "mobile-" + strconv.Itoa(mobileSpamWrong)
	}
}

// scripted is how a number fails; 0 for a person's.
func (s *Sim) scripted(number string) int {
	for _, c := range MobileCases() {
		if c.Phone == number {
			return c.Code
		}
	}
	if s.owner(number).Phone == "" {
		return mobileUnknown
	}
	return 0
}

func (s *Sim) owner(number string) Person {
	for _, p := range s.config.People {
		if p.Phone == number {
			return p
		}
	}
	return Person{}
}

// phoneNumber reads a number as people write it: 045 1571001, +358 45 1571001. Empty
// when it is none.
func phoneNumber(typed string) string {
	digits := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9' || r == '+':
			return r
		case r == ' ' || r == '-' || r == '\u00a0':
			return -1
		default:
			return 'x'
		}
	}, typed)
	if strings.HasPrefix(digits, "0") {
		digits = "+358" + digits[1:]
	}
	rest, ok := strings.CutPrefix(digits, "+358")
	if !ok || len(rest) < 6 || len(rest) > 12 || strings.ContainsAny(rest, "+x") {
		return ""
	}
	return digits
}

// poll asks whether the phone has answered.
func (s *Sim) poll(v *visit) {
	now, c := s.config.Now(), v.call
	if c.answer == 0 && now.Sub(c.sentAt) >= s.config.Timing.MobileTimeout {
		c.answer, c.answersAt = mobileTimeout, now
	}
	switch {
	case c.answer == 0 || now.Before(c.answersAt):
	case c.answer == mobileOK:
		s.authenticated(v)
	default:
		v.step = stepMissed
	}
}

// refresh is how many seconds the waiting page waits before it asks again.
func (s *Sim) refresh(v *visit) int {
	d := s.config.Timing.Poll
	if s.config.Now().Sub(v.call.sentAt) < s.config.Timing.FirstPoll {
		d = s.config.Timing.FirstPoll
	}
	return max(1, int((d+time.Second-1)/time.Second))
}

// mobileWord is the failure in a word, for error_description.
func mobileWord(code int) string {
	switch code {
	case mobileTimeout:
		return "208 timeout"
	case mobileUnreachable:
		return "209 unreachable"
	case mobilePINBlocked:
		return "402 pin blocked"
	case mobileCardBlocked:
		return "403 card blocked"
	default:
		return strconv.Itoa(code)
	}
}

// phoneOf finds the visit whose phone this is and locks it, or says that nothing
// rings. The phone is another device: it has no cookie of the browser's.
func (s *Sim) phoneOf(w http.ResponseWriter, r *http.Request) *visit {
	id := r.PathValue("phone")
	v, ok := s.phones.get(secret.Of(id).Hash(), s.config.Now())
	if !ok {
		s.showMessage(w, http.StatusNotFound, langOf(r), "phone-silent", "")
		return nil
	}
	v.mu.Lock()
	if v.call == nil || v.call.id != id || v.call.deaf {
		v.mu.Unlock()
		s.showMessage(w, http.StatusGone, v.lang, "phone-silent", "")
		return nil
	}
	return v
}

func (s *Sim) showPhone(w http.ResponseWriter, r *http.Request) {
	v := s.phoneOf(w, r)
	if v == nil {
		return
	}
	defer v.mu.Unlock()
	s.showPhoneScreen(w, v)
}

// answerPhone is the person confirming or cancelling on the phone.
func (s *Sim) answerPhone(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, formMaxSize)
	if err := r.ParseForm(); err != nil {
		s.showLost(w, r)
		return
	}
	v := s.phoneOf(w, r)
	if v == nil {
		return
	}
	defer v.mu.Unlock()
	now, c := s.config.Now(), v.call
	if v.step != stepWaiting || c.answer != 0 || now.Sub(c.sentAt) >= s.config.Timing.MobileTimeout {
		redirect(w, r, s.config.BaseURL+pathPhone+c.id)
		return
	}
	c.notice, c.answersAt = "", now
	switch {
	case r.PostForm.Has("reject"):
		c.answer = mobileCancelled
	case r.PostForm.Get("pin") == PIN:
		c.answer = mobileOK
	default:
		if c.wrongPINs++; c.wrongPINs >= pinTries {
			c.answer = mobilePINBlocked
		} else {
			c.notice = "notice-pin"
		}
	}
	redirect(w, r, s.config.BaseURL+pathPhone+c.id)
}
