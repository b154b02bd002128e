package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/secret"
)

const (
	// answerLife is how long a request may be sent again (the specification says so).
	answerLife = 24 * time.Hour
	// busyLife is how long a request without an answer is believed to be running.
	busyLife = time.Minute
)

// again does something once, however often the same request comes. act gets an id for
// what it makes, the same one each time: when the process dies between the act and the
// keeping of the answer, the next try finds what was made.
func again[T any](ctx context.Context, f *Feature, key *string, act func(id string) (T, error)) (T, error) {
	var none T
	if key == nil {
		return act(login.NewID())
	}
	idempotencyKey := *key // an empty one is of a client that could not make one: it hears of it
	if len(idempotencyKey) < 8 || len(idempotencyKey) > 200 {
		return none, invalid(fault.FieldErrors{{Field: "Idempotency-Key", Detail: "must have 8 to 200 characters"}})
	}
	c, now := callOf(ctx), f.Now()
	mark := secret.Of(c.key.ID).Derive("idempotency", c.path, idempotencyKey)
	request := secret.Of(string(c.body)).Hash()
	known, err := f.Answers.BeginAnswer(ctx, operations.RecordedResponse{Mark: mark.Hash(), Request: request, Busy: now.Add(busyLife), Expires: now.Add(answerLife)}, now)
	if errors.Is(err, fault.ErrExists) {
		return recall[T](known, request)
	}
	if err != nil {
		return none, err
	}
	id := mark.Derive("id").Hash()
	done, err := act(base64.RawURLEncoding.EncodeToString(id[:16]))
	if err != nil {
		return none, errors.Join(err, f.Answers.ForgetAnswer(context.WithoutCancel(ctx), mark.Hash()))
	}
	text, err := json.Marshal(done)
	if err != nil {
		return none, fmt.Errorf("keep answer: %w", err)
	}
	return done, f.Answers.EndAnswer(context.WithoutCancel(ctx), mark.Hash(), http.StatusCreated, string(text))
}

func recall[T any](known operations.RecordedResponse, request secret.Hash) (done T, err error) {
	if !known.Request.Equal(request) {
		return done, conflict("This Idempotency-Key came before with another body; take a new one for each thing that you want done.")
	}
	if known.Status == 0 {
		e := conflict("The first request with this Idempotency-Key is still running; come back later.")
		e.RetryAfter = time.Second
		return done, e
	}
	if err := json.Unmarshal([]byte(known.Body), &done); err != nil {
		return done, fmt.Errorf("recall answer: %w", err)
	}
	return done, nil
}
