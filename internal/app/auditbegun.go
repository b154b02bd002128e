package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"avain/internal/config"
	"avain/internal/domain/operations"
	"avain/internal/platform/audit"
	"avain/internal/platform/store"
)

// That the chain of the audit log has begun, and where, stands outside the database: beside
// the shared secret, or in the environment. Whoever can write the database can reset
// everything in it, also to what it was before there was a chain (docs/decisions/0025).

// auditBegun reads where the chain began; the zero head: nobody has written it down yet.
func auditBegun(k config.Keys) (operations.AuditHead, error) {
	text := k.AuditBegun
	if k.AuditBegunFile != "" {
		raw, err := os.ReadFile(k.AuditBegunFile)
		if errors.Is(err, fs.ErrNotExist) {
			return operations.AuditHead{}, nil
		}
		if err != nil {
			return operations.AuditHead{}, fmt.Errorf("keys.audit_begun_file: %w", err)
		}
		text = strings.TrimSpace(string(raw))
		if text == "" {
			return operations.AuditHead{}, fmt.Errorf("keys.audit_begun_file: %s is empty; put it back from a backup, or from another node", k.AuditBegunFile)
		}
	}
	if text == "" {
		return operations.AuditHead{}, nil
	}
	begun, ok := operations.ParseAuditHead(text)
	if !ok || begun.Hash.Zero() { // which would mean that nobody has written it down
		return operations.AuditHead{}, fmt.Errorf("keys.audit_begun_file: %s is not what avain migrate wrote; put it back from a backup, or from another node", k.AuditBegunFile)
	}
	return begun, nil
}

// errUnrecorded says that nobody could write down where the chain began.
var errUnrecorded = errors.New("where the audit log's chain began is not written down outside the database")

// recordBegun writes down where the chain began. Over what stands there already it writes
// only when it was begun anew.
func recordBegun(k config.Keys, begun operations.AuditHead, anew bool) error {
	advice := fmt.Sprintf("let keys.audit_begun_file name a file that can be written once, or set the variable of keys.audit_begun_env to %s", begun)
	if k.AuditBegunFile == "" {
		return fmt.Errorf("%w: %s", errUnrecorded, advice)
	}
	if err := writeBegun(k.AuditBegunFile, begun, anew); err != nil {
		return fmt.Errorf("%w: %w; %s", errUnrecorded, err, advice)
	}
	return nil
}

// writeBegun writes the file whole or not at all. It holds no secret; that nobody else may
// write it is what counts.
func writeBegun(file string, begun operations.AuditHead, anew bool) (err error) {
	draft, err := os.CreateTemp(filepath.Dir(file), ".audit-begun-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ignoreGone(os.Remove(draft.Name()))) }()
	_, err = fmt.Fprintln(draft, begun)
	if err = errors.Join(err, draft.Chmod(0o644), draft.Sync(), draft.Close()); err != nil {
		return err
	}
	if _, err := os.Stat(file); !anew && err == nil {
		return fs.ErrExist // another process was faster; both found the same
	}
	return os.Rename(draft.Name(), file)
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// keepBegun writes down where the chain began, unless that has been done.
func keepBegun(ctx context.Context, c config.Config, db *store.Store) error {
	known, err := auditBegun(c.Keys)
	if err != nil || !known.Hash.Zero() {
		return err
	}
	begun, err := db.Audit.AuditBeginning(ctx)
	if err != nil {
		return err
	}
	if err := recordBegun(c.Keys, begun, false); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil // another process has
}

// BeginAuditAnew begins the chain of the audit log anew, over the entries that there are, for
// an operator who knows that somebody has changed the database. It says so in the log, and
// outside the database. The head is where it began, also when it could not be written down.
func BeginAuditAnew(ctx context.Context, c config.Config, log *slog.Logger) (begun operations.AuditHead, err error) {
	db, err := store.Open(ctx, storeConfig(c, log, time.Now, operations.AuditHead{}))
	if err != nil {
		return begun, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.CheckVersion(ctx); err != nil {
		return begun, err
	}
	if err := recogniseKeys(ctx, c, db, lookOnly); err != nil {
		return begun, err
	}
	if begun, err = db.Audit.BeginAuditAnew(ctx); err != nil {
		return begun, err
	}
	if err := recordBegun(c.Keys, begun, true); err != nil {
		return begun, err
	}
	trail := audit.New(db.Audit, time.Now, log)
	trail.ChainBegunAnew(ctx, audit.System, begun)
	return begun, nil
}
