package bank

import (
	"context"
	"errors"
	"net/http"
	"time"

	"avain/internal/broker"
	"avain/internal/core/attempt"
	"avain/internal/core/people"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/web"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

// settleTime bounds the talk with the broker after the browser came back. It stays
// below the lease of package attempt, so two requests never talk at once.
const settleTime = 25 * time.Second

// callback is where brokers send the browser back. It is idempotent: however often
// it is loaded, one request settles the answer with the broker, and every one ends up
// where the attempt stands. It acts only for the browser that left (login CSRF): any
// other is told to go back to that one, and nothing happens to the login.
func (f *Feature) callback(w http.ResponseWriter, r *http.Request) error {
	params, err := oauth.AnswerParams(r)
	if err != nil {
		return err
	}
	if !params.Has("state") {
		return fault.BadParam("state", "missing")
	}
	browser, _ := f.d.Cookies.Secret(r)
	var j attempt.BrokerRequest
	err = f.d.Cookies.Try(r, browser, func(browser secret.Text) (err error) {
		j, err = f.d.BrokerRequests.ResumeBrokerRequest(r.Context(), r.PathValue("broker"), secret.Of(params.Get("state")), browser)
		return err
	})
	if fault.HasReason(err, login.ReasonOtherBrowser) {
		return errors.Join(err, f.d.Attempts.Note(r.Context(), j.Attempt, login.Event{
			Step: login.StepReturn, Outcome: login.OutcomeRefused, Reason: login.ReasonOtherBrowser, Browser: web.BrowserLabel(r),
		}))
	}
	if err != nil {
		return err
	}
	web.About(r.Context(), j.Attempt)
	web.Note(r.Context(), web.FieldBroker, j.Broker)
	web.Note(r.Context(), web.FieldMeans, j.Means)
	if j.Attempt.State != login.StateOpened {
		return web.SeeOther(w, page(j.Attempt))
	}
	taken, err := f.d.BrokerRequests.ClaimCallback(r.Context(), j)
	if err != nil {
		return err
	}
	if !taken {
		return f.alreadyTaken(w, r, j)
	}
	// A second click cancels this request in the browser. What has begun at the broker
	// must be finished all the same, because its code can be spent only once.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), settleTime)
	defer cancel()
	a, err := f.settle(ctx, w, r, j, params)
	if err != nil || a.ID == "" {
		return err
	}
	return f.d.Continue(w, r.WithContext(ctx), a)
}

// alreadyTaken answers a second click: the login's page when the first one is done,
// else a page that loads itself again until it is.
func (f *Feature) alreadyTaken(w http.ResponseWriter, r *http.Request, j attempt.BrokerRequest) error {
	done, err := f.d.BrokerRequests.CallbackDone(r.Context(), j)
	if err != nil {
		return err
	}
	if done {
		return web.SeeOther(w, page(j.Attempt))
	}
	return f.views.RenderWaiting(w, r)
}

// settle exchanges the broker's answer for a proven identity and finds the person.
// It returns no attempt when it has answered the request itself.
func (f *Feature) settle(ctx context.Context, w http.ResponseWriter, r *http.Request, j attempt.BrokerRequest, p oauth.Params) (login.Attempt, error) {
	label := web.BrowserLabel(r)
	identity, err := f.d.Brokers.Finish(ctx, broker.Return{
		Broker: j.Broker, Means: j.Means, Query: p.Values(),
		State: j.State, Nonce: j.Nonce, Verifier: j.Verifier, StartedAt: j.StartedAt,
	})
	if err != nil {
		return login.Attempt{}, f.turnedBack(ctx, w, j, err, label)
	}
	person, err := f.who(ctx, j.Attempt, identity)
	if why := refusal(err); why != "" {
		web.Note(ctx, web.FieldReason, string(why))
		a, err := f.d.Attempts.End(ctx, j.Attempt, attempt.Fail, why, login.Event{
			Step: login.StepIdentify, Broker: identity.Broker, Means: identity.Means, Chosen: identity.Instead(j.Means), Browser: label,
		})
		if err != nil {
			return login.Attempt{}, err
		}
		return login.Attempt{}, web.SeeOther(w, page(a))
	}
	if err != nil {
		return login.Attempt{}, err
	}
	a, err := f.d.Attempts.Authenticate(ctx, j, identity, person, login.Event{Browser: label})
	if errors.Is(err, fault.ErrMoved) {
		return login.Attempt{}, web.SeeOther(w, page(j.Attempt)) // cancelled meanwhile, in another tab
	}
	return a, err
}

// who finds the person. An identification that began on an invitation's page is the
// moment at which the invitation is used: the identity code is in nobody's hands
// before, and nowhere afterwards.
func (f *Feature) who(ctx context.Context, a login.Attempt, identity login.Identity) (login.Person, error) {
	if a.Request.Invitation == "" {
		return f.d.People.Identify(ctx, identity)
	}
	return f.d.People.Activate(ctx, identity, people.Accepted{
		Invitation: a.Request.Invitation, Terms: a.Request.Terms, At: a.CreatedAt, Code: a.SupportCode,
	})
}

// refusal is the reason why a proven human is not let in; empty when that is not it.
func refusal(err error) login.Reason {
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Kind != fault.Internal && e.Kind != fault.Unavailable {
		return e.Reason
	}
	return ""
}

// turnedBack notes that no identity came back. Whatever the broker did, the person
// sees the means again, with what happened on top, and may choose another.
func (f *Feature) turnedBack(ctx context.Context, w http.ResponseWriter, j attempt.BrokerRequest, cause error, label string) error {
	e := fault.AsError(cause)
	web.Note(ctx, web.FieldReason, string(e.Reason))
	outcome := login.OutcomeFailed
	if e.Reason == login.ReasonCancelledAtBroker {
		outcome = login.OutcomeRefused
	}
	err := f.d.BrokerRequests.BrokerFailed(ctx, j, login.Event{Outcome: outcome, Reason: e.Reason, Detail: e.Detail, Browser: label})
	if err != nil {
		return errors.Join(cause, err)
	}
	return web.SeeOther(w, page(j.Attempt))
}
