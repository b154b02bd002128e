package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"avain/internal/config"
	"avain/internal/platform/audit"
	"avain/internal/platform/store"
)

// auditKey keys the chain of the audit log.
const auditKey = "audit chain"

// OpenAudit opens the database for those who only look at the audit log, and answers
// the key that its entries are chained with. Nothing is written: who looks for traces
// must not leave any.
func OpenAudit(ctx context.Context, c config.Config, log *slog.Logger) (*store.Store, audit.Chain, error) {
	begun, err := auditBegun(c.Keys)
	if err != nil {
		return nil, audit.Chain{}, err
	}
	db, err := store.Open(ctx, storeConfig(c, log, time.Now, begun))
	if err != nil {
		return nil, audit.Chain{}, err
	}
	if err := db.CheckSchema(ctx); err != nil {
		return nil, audit.Chain{}, errors.Join(err, db.Close())
	}
	if err := recogniseKeys(ctx, c, db, lookOnly); err != nil {
		return nil, audit.Chain{}, errors.Join(err, db.Close())
	}
	return db, audit.NewChain(auditKeyOf(c)).Begun(begun), nil
}

// anchorEvery is how often the head of the audit log is noted outside the database.
const anchorEvery = time.Hour

// anchor notes the head in the process's own log: wherever that goes, somebody who can
// write the database only cannot take it back, and a log that was cut together with its
// head is found out.
func (h housekeeping) anchor(ctx context.Context) error {
	head, err := h.db.Audit.AuditHead(ctx)
	if err == nil {
		h.log.InfoContext(ctx, "audit head", "head", head.String())
	}
	return err
}

// seal gives the entries of the last second their place in the chain, whichever node wrote
// them; before, it accounts for those of this one.
func (h housekeeping) seal(ctx context.Context) error {
	tidied := h.db.Audit.TidyAudit(ctx)
	_, err := h.db.Audit.SealAudit(ctx)
	return errors.Join(tidied, err)
}

// closeStreams ends what processes have left that are no more, and tells of what nobody seals.
func (h housekeeping) closeStreams(ctx context.Context) error {
	closed := h.db.Audit.CloseDeadStreams(ctx)
	since, refused, err := h.db.Audit.AuditUnsealedSince(ctx)
	if err == nil {
		age := time.Duration(0)
		if !since.IsZero() {
			age = max(h.now().Sub(since), 0)
		}
		h.metrics.AuditUnsealed(age, refused)
	}
	return errors.Join(closed, err)
}
