package attempt_test

import (
	"errors"
	"testing"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/secret"

	"pgregory.net/rapid"
)

// history is one attempt on the real database beside the model of picture_test.go.
type history struct {
	*world
	method  login.Method
	id      string
	browser secret.Text
	app     secret.Text // auth_session
	journey attempt.BrokerRequest
	code    secret.Text
	tries   int // of the digits

	session login.Session // qr: of the page
	page    login.QRPage
	number  string

	state login.State
}

// errNoWay is the answer to an event that no feature can cause in such a login.
var errNoWay = errors.New("nothing in this method leads there")

// begin starts an attempt. A QR login has none before the scan, so it begins there.
func (w *world) begin(method login.Method) *history {
	w.Helper()
	h := &history{world: w, method: method, browser: secret.New(), state: login.StateCreated}
	if method != login.MethodQR {
		started := w.startBy(method, keyOfApp)
		h.id, h.app = started.Attempt.ID, started.AuthSession
		return h
	}
	h.session = w.signedIn()
	h.page = w.shown(h.session)
	c, err := w.Claim(w.Context(), claim(w.Frame(h.page), keyOfApp))
	if err != nil {
		w.Fatal(err)
	}
	h.id, h.app, h.number, h.state = c.Attempt.ID, c.AuthSession, c.Number, login.StateClaimed
	return h
}

// happen carries out an event the way the features do, and says whether it worked.
func (h *history) happen(event attempt.Event) error {
	ctx, a := h.Context(), h.row(h.id)
	switch event {
	case attempt.Deny, attempt.Burn, attempt.Fail:
		_, err := h.End(ctx, a, event, login.ReasonInternal, login.Event{Step: "test"})
		return err
	case attempt.Expire:
		if late := a.ExpiresAt.Sub(h.clock()); late > 0 {
			h.pass(late)
		}
		_, err := h.ForApp(ctx, clientID, h.app, keyOfApp)
		return err
	case attempt.Redeem:
		in := rightful(h.code, keyOfApp)
		if h.method == login.MethodQR {
			in.RedirectURI = ""
		}
		_, err := h.Redeem(ctx, in)
		return err
	}
	if h.method == login.MethodQR {
		return h.happenQR(event, a)
	}
	return h.happenInBrowser(event, a)
}

// happenInBrowser is what a browser does to a direct login or a link, and what its six
// digits do.
func (h *history) happenInBrowser(event attempt.Event, a login.Attempt) (err error) {
	switch event {
	case attempt.Open:
		return h.open(a)
	case attempt.Authenticate:
		journey := h.journey
		switch {
		case a.State == login.StateOpened && journey.State.Empty(): // a link that was opened and has no bank yet
			if err := h.open(a); err != nil {
				return err
			}
			journey = h.journey
		case journey.State.Empty():
			journey = h.NewBrokerRequest(a, h.browser)
		}
		_, err = h.Authenticate(h.Context(), journey, h.identity(), h.person, login.Event{})
		return err
	case attempt.Confirm:
		let := h.Issue
		if h.method == login.MethodLink {
			let = h.Confirm
		}
		code, _, err := let(h.Context(), a, h.browser, login.Event{})
		// A second return of a direct login gets the code of the first, which digits may
		// have replaced since.
		if err == nil && (h.method == login.MethodLink || a.State != login.StateConfirmed) {
			h.code = code
		}
		return err
	case attempt.Recode:
		return h.recode(a)
	default:
		return errNoWay
	}
}

// recode gets another code: "Vahvista" pressed once more, and the digits that come with
// it, as long as they have tries.
func (h *history) recode(a login.Attempt) error {
	if a.State == login.StateConfirmed {
		code, _, err := h.Confirm(h.Context(), a, h.browser, login.Event{})
		if err != nil {
			return err
		}
		h.code = code
		if h.tries++; h.tries > 3 {
			return nil
		}
	}
	code, err := h.Complete(h.Context(), a, h.app, attempt.SixDigits(h.browser, h.id))
	if err == nil {
		h.code = code
	}
	return err
}

// open takes a link, or chooses a bank, or another one.
func (h *history) open(a login.Attempt) error {
	if h.method == login.MethodLink && a.State == login.StateCreated {
		_, err := h.OpenLink(h.Context(), a, h.browser, login.Event{})
		return err
	}
	j := h.NewBrokerRequest(a, h.browser)
	j.Means, j.Broker = bankID, brokerID
	_, err := h.StartBrokerRequest(h.Context(), j, h.browser, login.Event{})
	if err == nil {
		h.journey = j
	}
	return err
}

// happenQR is what page and phone do to a QR login.
func (h *history) happenQR(event attempt.Event, a login.Attempt) error {
	switch event {
	case attempt.Scan: // by the same phone, which has lost the answer: nothing must move
		_, err := h.Claim(h.Context(), claim(h.Frame(h.page), keyOfApp))
		return err
	case attempt.Allow:
		page, _, err := h.QR(h.Context(), h.session, h.page.ID)
		if err != nil {
			return err
		}
		_, err = h.Approve(h.Context(), page, h.number, login.Event{})
		return err
	case attempt.Recode:
		code, err := h.Collect(h.Context(), a, h.app)
		if err == nil {
			h.code = code
		}
		return err
	default:
		return errNoWay
	}
}

// again are the events that are answered well although they move nothing: a second
// click, a lost answer, a look at a login that is over.
func (h *history) again(event attempt.Event) bool {
	switch event {
	case attempt.Confirm:
		return h.state == login.StateConfirmed
	case attempt.Redeem:
		return h.state == login.StateRedeemed
	case attempt.Scan:
		return h.state == login.StateClaimed
	default:
		return event == attempt.Expire
	}
}

// check lets an event happen and compares what came of it with the model.
func (h *history) check(t interface{ Fatalf(string, ...any) }, event attempt.Event) {
	to, allowed := model(h.method, h.state, event)
	if event == attempt.Redeem && h.code.Empty() {
		allowed = false // there is nothing to bring
	}
	err := h.happen(event)
	switch {
	case err != nil && !errors.Is(err, errNoWay) && fault.AsError(err).Kind == fault.Internal:
		t.Fatalf("%s: %s in %s: %v", h.method, event, h.state, err)
	case err == nil && !allowed && !h.again(event), err != nil && allowed:
		t.Fatalf("%s: %s in %s: %v, the model says %v", h.method, event, h.state, err, allowed)
	case err == nil && allowed:
		h.state = to
	}
	if now := h.row(h.id).State; now != h.state {
		t.Fatalf("%s: after %s the database says %s, the model %s", h.method, event, now, h.state)
	}
}

var walked = []login.Method{login.MethodDirect, login.MethodLink, login.MethodQR}

// Random histories of every method, event by event against the model: the same events
// succeed, and the database ends up in the same state.
func TestHistoriesAgreeWithTheModel(t *testing.T) {
	t.Parallel()
	for _, method := range walked {
		t.Run(string(method), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			rapid.Check(t, func(rt *rapid.T) {
				w.meet()
				h := w.begin(method)
				for range rapid.IntRange(1, 14).Draw(rt, "length") {
					h.check(rt, h.draw(rt))
				}
			})
		})
	}
}

// draw chooses an event; more often than chance would, one that leads on.
func (h *history) draw(rt *rapid.T) attempt.Event {
	var on []attempt.Event
	for _, event := range attempt.Events() {
		if to, ok := model(h.method, h.state, event); ok && (!to.Over() || to == login.StateRedeemed) {
			on = append(on, event)
		}
	}
	if len(on) > 0 && rapid.Bool().Draw(rt, "leads on") {
		return rapid.SampledFrom(on).Draw(rt, "event")
	}
	return rapid.SampledFrom(attempt.Events()).Draw(rt, "event")
}

// ways lead into every state that a method has, by events.
func ways(method login.Method) map[login.State][]attempt.Event {
	steps := map[login.Method][]attempt.Event{
		login.MethodDirect: {attempt.Open, attempt.Authenticate, attempt.Confirm, attempt.Redeem},
		login.MethodLink:   {attempt.Open, attempt.Authenticate, attempt.Confirm, attempt.Redeem},
		login.MethodQR:     {attempt.Allow, attempt.Recode, attempt.Redeem}, // it begins with the claim
	}[method]
	all, state := map[login.State][]attempt.Event{}, login.StateCreated
	if method == login.MethodQR {
		state = login.StateClaimed
	}
	for n := 0; ; n++ {
		all[state] = steps[:n:n]
		if n == len(steps) {
			break
		}
		for _, end := range []attempt.Event{attempt.Deny, attempt.Expire, attempt.Burn, attempt.Fail} {
			over, _ := model(method, state, end)
			all[over] = append(steps[:n:n], end)
		}
		state, _ = model(method, state, steps[n])
	}
	return all
}

// Every event in every state of every method, through the code that the features call.
func TestEveryEventInEveryState(t *testing.T) {
	t.Parallel()
	for _, method := range walked {
		t.Run(string(method), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			reached := 0
			for state, way := range ways(method) {
				for _, event := range attempt.Events() {
					w.meet()
					h := w.begin(method)
					for _, step := range way {
						h.check(t, step)
					}
					if h.state != state {
						t.Fatalf("%s leads to %s, not to %s", way, h.state, state)
					}
					h.check(t, event)
					reached++
				}
			}
			if reached < 7*len(attempt.Events()) {
				t.Errorf("only %d pairs", reached)
			}
		})
	}
}

// Every event in every state of every method, also those that no feature can bring
// together, as the one conditional statement that carries it out: on both databases.
func TestEveryMoveAgreesWithTheModel(t *testing.T) {
	onBoth(t, func(w *world) {
		for _, method := range login.Methods() {
			for _, state := range login.States() {
				for _, event := range attempt.Events() {
					a := login.Attempt{
						ID: login.NewID(), SupportCode: login.NewSupportCode(), Method: method, State: state, Client: clientID,
						CreatedAt: w.clock(), UpdatedAt: w.clock(), ExpiresAt: w.clock().Add(attempt.DefaultLifetimes().Attempt),
					}
					if err := w.db.Attempts.StartAttempt(w.Context(), a, login.AttemptSecrets{}); errors.Is(err, fault.ErrExists) {
						continue // a support code that is taken: once in thousands of runs
					} else if err != nil {
						w.Fatal(err)
					}
					want, allowed := model(method, state, event)
					got, err := attempt.MoveBy(w.Context(), w.Attempts, a, event)
					if (err == nil) != allowed || err == nil && got.State != want || err != nil && !errors.Is(err, fault.ErrMoved) {
						w.Errorf("%s: %s in %s: %s, %v; the model says %s (%v)", method, event, state, got.State, err, want, allowed)
					}
					if now := w.row(a.ID).State; allowed && now != want || !allowed && now != state {
						w.Errorf("%s: after %s in %s the database says %s", method, event, state, now)
					}
				}
			}
		}
	})
}

// An attempt that nobody has authenticated gets no code, whoever asks.
func TestGateNeedsAPerson(t *testing.T) {
	t.Parallel()
	w, browser := newWorld(t), secret.New()
	a := w.start(keyOfApp).Attempt
	w.depart(a, browser)
	code, _, err := w.Issue(t.Context(), a, browser, login.Event{})
	if err == nil || !code.Empty() {
		t.Fatalf("a code without a person: %v", err)
	}
	if a, err := w.db.Attempts.AttemptByID(t.Context(), a.ID); err != nil || a.State != login.StateOpened {
		t.Errorf("asking has moved the attempt to %s (%v)", a.State, err)
	}
}
