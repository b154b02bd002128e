package api

import (
	"context"
	"encoding/json"
	"errors"

	"avain/internal/admin/api/openapi"
	"avain/internal/core/notices"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/audit"
)

// Board tells people the news: package notices.
type Board interface {
	All(ctx context.Context) ([]operations.Notice, error)
	Get(ctx context.Context, id string) (operations.Notice, error)
	Check(ctx context.Context, n operations.Notice) (operations.Notice, error)
	Publish(ctx context.Context, actor string, n operations.Notice) (operations.Notice, error)
	Change(ctx context.Context, actor string, n operations.Notice) (operations.Notice, error)
	Withdraw(ctx context.Context, actor, id string) error
}

// forAll refuses the keys of some employers: a notice concerns everybody. Package apikey
// gives no such key the scope; this is the second lock (threat 25).
func forAll(ctx context.Context) error {
	if !callOf(ctx).key.OfAll() {
		return fault.New(fault.Forbidden, login.ReasonClientRefused, nil).WithDetail("Notices are only for keys of all employers.")
	}
	return nil
}

// ListNotices answers them as they stand.
func (f *Feature) ListNotices(ctx context.Context, _ openapi.ListNoticesRequestObject) (openapi.ListNoticesResponseObject, error) {
	if err := forAll(ctx); err != nil {
		return nil, err
	}
	all, err := f.Notices.All(ctx)
	if err != nil {
		return nil, err
	}
	list := openapi.ListNotices200JSONResponse{Notices: []openapi.Notice{}}
	for _, n := range all {
		out, err := f.noticeOut(n)
		if err != nil {
			return nil, err
		}
		list.Notices = append(list.Notices, out)
	}
	return list, nil
}

// CreateNotice publishes one.
func (f *Feature) CreateNotice(ctx context.Context, r openapi.CreateNoticeRequestObject) (openapi.CreateNoticeResponseObject, error) {
	n, err := noticeIn(ctx, *r.Body)
	if err != nil {
		return nil, err
	}
	made, err := again(ctx, f, r.Params.IdempotencyKey, func(id string) (openapi.Notice, error) {
		n.ID = id
		done, err := f.Notices.Publish(ctx, audit.ByKey(callOf(ctx).key), n)
		if errors.Is(err, fault.ErrExists) { // the try before was cut off after this
			done, err = f.Notices.Get(ctx, id)
		}
		if err != nil {
			return openapi.Notice{}, told(err)
		}
		return f.noticeOut(done)
	})
	return openapi.CreateNotice201JSONResponse(made), err
}

// PreviewNotice tells who would see it.
func (f *Feature) PreviewNotice(ctx context.Context, r openapi.PreviewNoticeRequestObject) (openapi.PreviewNoticeResponseObject, error) {
	n, err := noticeIn(ctx, *r.Body)
	if err != nil {
		return nil, err
	}
	if n, err = f.Notices.Check(ctx, n); err != nil {
		return nil, told(err)
	}
	out := openapi.PreviewNotice200JSONResponse{About: map[string]string{}, Devices: []openapi.NoticeDevice{}}
	for _, lang := range []string{"fi", "sv", "en"} {
		out.About[lang] = notices.Describe(n, lang, func(id string) string { return id })
	}
	for _, seen := range notices.Preview(n.Audience) {
		out.Devices = append(out.Devices, openapi.NoticeDevice{Device: seen.Device, Concerned: seen.Concerned})
	}
	return out, nil
}

// GetNotice answers one.
func (f *Feature) GetNotice(ctx context.Context, r openapi.GetNoticeRequestObject) (openapi.GetNoticeResponseObject, error) {
	if err := forAll(ctx); err != nil {
		return nil, err
	}
	n, err := f.Notices.Get(ctx, r.Notice)
	if err != nil {
		return nil, missing(err)
	}
	out, err := f.noticeOut(n)
	return openapi.GetNotice200JSONResponse(out), err
}

// UpdateNotice writes one anew.
func (f *Feature) UpdateNotice(ctx context.Context, r openapi.UpdateNoticeRequestObject) (openapi.UpdateNoticeResponseObject, error) {
	n, err := noticeIn(ctx, *r.Body)
	if err != nil {
		return nil, err
	}
	before, err := f.Notices.Get(ctx, r.Notice)
	if err != nil {
		return nil, missing(err)
	}
	n.ID = before.ID
	if n.ChangedAt.IsZero() {
		n.ChangedAt = before.ChangedAt
	}
	if n, err = f.Notices.Change(ctx, audit.ByKey(callOf(ctx).key), n); err != nil {
		return nil, told(err)
	}
	out, err := f.noticeOut(n)
	return openapi.UpdateNotice200JSONResponse(out), err
}

// WithdrawNotice ends one.
func (f *Feature) WithdrawNotice(ctx context.Context, r openapi.WithdrawNoticeRequestObject) (openapi.WithdrawNoticeResponseObject, error) {
	if err := forAll(ctx); err != nil {
		return nil, err
	}
	return openapi.WithdrawNotice204Response{}, told(f.Notices.Withdraw(ctx, audit.ByKey(callOf(ctx).key), r.Notice))
}

// told classifies what the board answers.
func told(err error) error {
	if mistakes, ok := errors.AsType[fault.FieldErrors](err); ok {
		return invalid(mistakes)
	}
	if errors.Is(err, fault.ErrMoved) {
		return conflict("The notice is withdrawn, has changed since, or is the service's own; read it again.")
	}
	if errors.Is(err, fault.ErrNotFound) {
		return missing(err)
	}
	return err
}

// noticeIn reads a notice that somebody may write.
func noticeIn(ctx context.Context, body openapi.NoticeNew) (operations.Notice, error) {
	if err := forAll(ctx); err != nil {
		return operations.Notice{}, err
	}
	draft, err := reshape[notices.Draft](body)
	if err != nil {
		return operations.Notice{}, err
	}
	n, err := draft.Notice()
	return n, told(err)
}

func (f *Feature) noticeOut(n operations.Notice) (openapi.Notice, error) {
	out := openapi.Notice{
		ID: n.ID, State: openapi.NoticeState(notices.State(n, f.Now())), Severity: openapi.NoticeSeverity(n.Severity), From: n.From, Until: n.Until,
		Source: n.Source, By: n.By, CreatedAt: n.CreatedAt, ChangedAt: n.ChangedAt, WithdrawnAt: n.WithdrawnAt,
	}
	var failed [3]error
	out.Words, failed[0] = reshape[map[string]openapi.NoticeWords](n.Words)
	out.Audience, failed[1] = reshape[openapi.Audience](n.Audience)
	out.Act, failed[2] = reshape[openapi.Act](n.Act)
	return out, errors.Join(failed[:]...)
}

// reshape makes one of two types that have the same JSON of the other.
func reshape[T any](v any) (shaped T, err error) {
	text, err := json.Marshal(v)
	if err != nil {
		return shaped, err
	}
	return shaped, json.Unmarshal(text, &shaped)
}
