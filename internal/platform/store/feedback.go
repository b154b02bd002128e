package store

import (
	"context"
	"errors"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
)

// keptComments bounds how many comments there are: whoever commands many networks can
// write many, and must not fill the disk. Beyond it only the counts go on.
const keptComments = 20_000

const (
	countFeedbackSQL = `INSERT INTO feedback (day, page, lang, reason, yes, no) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (day, page, lang, reason) DO UPDATE SET yes = feedback.yes + excluded.yes, no = feedback.no + excluded.no`

	addCommentSQL = `INSERT INTO feedback_comments (id, at, page, lang, reason, helped, comment)
		SELECT $1, $2, $3, $4, $5, $6, $7 WHERE (SELECT COUNT(*) FROM feedback_comments) < $8`

	feedbackCountsSQL   = `SELECT day, page, lang, reason, yes, no FROM feedback WHERE day >= $1 ORDER BY day, page, lang, reason`
	feedbackCommentsSQL = `SELECT id, at, page, lang, reason, helped, comment FROM feedback_comments WHERE at >= $1 AND at < $2
		ORDER BY at DESC, id LIMIT $3`

	purgeCommentsSQL = `DELETE FROM feedback_comments WHERE at < $1`
)

// CountFeedback counts an answer.
func (s *Operations) CountFeedback(ctx context.Context, f operations.Feedback) error {
	day := f.At.UTC().Truncate(24 * time.Hour)
	yes, no := 0, 1
	if f.Helped {
		yes, no = 1, 0
	}
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		_, err := tx.ExecContext(ctx, countFeedbackSQL, millis(day), text(f.Page), text(f.Lang), text(string(f.Reason)), yes, no)
		return err
	})
	return wrap("count feedback", err)
}

// AddComment keeps what somebody wrote about an answer that has been counted. When there
// are too many comments already, it is dropped in silence.
func (s *Operations) AddComment(ctx context.Context, f operations.Feedback) error {
	id := login.NewID()
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		_, err := tx.ExecContext(ctx, addCommentSQL, id, millis(f.At), text(f.Page), text(f.Lang), text(string(f.Reason)), f.Helped, text(f.Comment), keptComments)
		return err
	})
	return wrap("add comment", err)
}

// FeedbackCounts lists the counts of the days that begin at since or later, by day.
func (s *Operations) FeedbackCounts(ctx context.Context, since time.Time) (_ []operations.FeedbackCount, err error) {
	rows, err := s.db.reader().QueryContext(ctx, feedbackCountsSQL, millis(since))
	if err != nil {
		return nil, wrap("read feedback", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var all []operations.FeedbackCount
	for rows.Next() {
		var c operations.FeedbackCount
		if err := rows.Scan(timeColumn{&c.Day}, &c.Page, &c.Lang, &c.Reason, &c.Yes, &c.No); err != nil {
			return nil, wrap("read feedback", err)
		}
		all = append(all, c)
	}
	return all, wrap("read feedback", rows.Err())
}

// FeedbackComments lists at most limit comments written at since or later and before
// until, the newest first.
func (s *Operations) FeedbackComments(ctx context.Context, since, until time.Time, limit int) (_ []operations.FeedbackComment, err error) {
	rows, err := s.db.reader().QueryContext(ctx, feedbackCommentsSQL, millis(since), millis(until), limit)
	if err != nil {
		return nil, wrap("read comments", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var all []operations.FeedbackComment
	for rows.Next() {
		var c operations.FeedbackComment
		if err := rows.Scan(&c.ID, timeColumn{&c.At}, &c.Page, &c.Lang, &c.Reason, &c.Helped, &c.Comment); err != nil {
			return nil, wrap("read comments", err)
		}
		all = append(all, c)
	}
	return all, wrap("read comments", rows.Err())
}

// PurgeComments deletes the comments written before an instant.
func (s *Operations) PurgeComments(ctx context.Context, before time.Time) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		_, err := tx.ExecContext(ctx, purgeCommentsSQL, millis(before))
		return err
	})
	return wrap("purge comments", err)
}
