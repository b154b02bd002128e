package audit

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
)

// Store keeps the entries.
type Store interface {
	AppendAudit(ctx context.Context, e operations.AuditEntry) error
	Atomically(ctx context.Context, act func(ctx context.Context) error) error
}

// Log is the security log. It is safe for concurrent use.
type Log struct {
	*writer
	Admin
	Staff

	noise noise
}

// Admin writes what programs and the command line do.
type Admin struct{ *writer }

// Staff writes what the staff does.
type Staff struct{ *writer }

// writer writes entries.
type writer struct {
	store Store
	now   func() time.Time
	log   *slog.Logger
}

// New makes a Log. What cannot be written goes to the process's own log.
func New(store Store, now func() time.Time, log *slog.Logger) *Log {
	w := &writer{store: store, now: now, log: log}
	return &Log{writer: w, Admin: Admin{w}, Staff: Staff{w}, noise: noise{now: now, kinds: map[noiseKind]*folded{}}}
}

// Atomically runs an act and what is told of it as one transaction: after a crash there is
// no act without its entry, and no entry of something that never happened. The act hands its
// context on to the calls that write, and to the methods of this log; whether it does so
// first or last makes no difference. It may be run more than once, everybody else's writes
// may wait for it, and when one of its calls fails all of it does.
func (l *writer) Atomically(ctx context.Context, act func(ctx context.Context) error) error {
	return l.store.Atomically(ctx, act)
}

// The actions, as they stand in the log.
const (
	actionSessionCreate = "session.create"
	actionSessionRevoke = "session.revoke"
	actionRefreshReuse  = "refresh.reuse"
	actionCodeReplay    = "code.replay"
	actionLinkReuse     = "link.reuse"
	actionQRReuse       = "qr.reuse"
	actionProofReplay   = "proof.replay"
	actionClientRefuse  = "client.refuse"
	actionKeyRotate     = "key.rotate"
	actionKeyRevoke     = "key.revoke"
	actionKeysRotate    = "keys.rotate"
	actionKeysAccept    = "keys.accept"
	actionPersonLock    = "person.lock"
	actionPersonUnlock  = "person.unlock"
	actionPeopleAdd     = "people.add"
	actionActivate      = "person.activate"
	actionPasswordSet   = "password.set"
	actionLoginDisown   = "login.disown"
	actionMethodOn      = "method.on"
	actionMethodOff     = "method.off"
	actionMeansOn       = "means.on"
	actionMeansOff      = "means.off"
)

const system = "system"

// What the log says of its own streams, which are the targets.
const (
	ActionVoid    = "audit.void"    // there is no entry of this number
	ActionMissing = "audit.missing" // entries were removed before they were sealed
)

// Why there is no entry of a number.
const (
	VoidUndone = "undone" // its transaction came to nothing
	VoidDied   = "died"   // its process ended in between
)

// StreamTarget is a stream as a target.
func StreamTarget(stream int64) string { return "stream:" + strconv.FormatInt(stream, 10) }

// SessionCreated records that a person has logged an app in.
func (l *Log) SessionCreated(ctx context.Context, s login.Session) {
	l.append(ctx, "person:"+s.Person, actionSessionCreate, "session:"+s.ID, map[string]string{
		"client": s.Client, "method": string(s.Method), "means": s.Means, "broker": s.Broker,
	})
}

// SessionRevoked records that a session has ended before its time: logged out, or
// ended by us. Why is a machine word.
func (l *Log) SessionRevoked(ctx context.Context, s login.Session, reason string) {
	l.append(ctx, "person:"+s.Person, actionSessionRevoke, "session:"+s.ID, map[string]string{
		"client": s.Client, "why": reason,
	})
}

// RefreshReused records that a refresh token came that had been exchanged already:
// somebody has a copy of it, and the session is over.
func (l *Log) RefreshReused(ctx context.Context, s login.Session) {
	l.append(ctx, "client:"+s.Client, actionRefreshReuse, "session:"+s.ID, map[string]string{"person": s.Person})
}

// CodeReplayed records that an authorization code came twice: somebody has a copy of
// it, and what it opened is closed.
func (l *Log) CodeReplayed(ctx context.Context, a login.Attempt) {
	l.anybody(ctx, "client:"+a.Client, actionCodeReplay, "attempt:"+a.ID, map[string]string{
		"person": a.Person, "session": a.Session, "support_code": a.SupportCode,
	})
}

// LinkReused records that a login link was opened in a second browser: it has got
// into other hands, and the login is over.
func (l *Log) LinkReused(ctx context.Context, a login.Attempt) {
	l.anybody(ctx, "client:"+a.Client, actionLinkReuse, "attempt:"+a.ID, map[string]string{"support_code": a.SupportCode})
}

// QRReused records that a second phone scanned a QR code: it has got into other eyes,
// and the login of the first phone is over.
func (l *Log) QRReused(ctx context.Context, a login.Attempt) {
	l.anybody(ctx, "client:"+a.Client, actionQRReuse, "attempt:"+a.ID, map[string]string{
		"person": a.Person, "support_code": a.SupportCode,
	})
}

// ProofReplayed records that a DPoP proof or client assertion of the client came
// twice.
func (l *Log) ProofReplayed(ctx context.Context, client string) {
	l.anybody(ctx, "client:"+client, actionProofReplay, "client:"+client, nil)
}

// ClientRefused records that somebody failed to prove that they are one of our
// clients. The client's id must be one of ours: what a stranger wrote is not logged.
func (l *Log) ClientRefused(ctx context.Context, client string, reason login.Reason) {
	l.anybody(ctx, "client:"+client, actionClientRefuse, "client:"+client, map[string]string{"reason": string(reason)})
}

// KeyRotated records that a new signing key has been made.
func (l *Log) KeyRotated(ctx context.Context, key operations.SigningKey) {
	l.append(ctx, system, actionKeyRotate, "key:"+key.KID, map[string]string{
		"alg": key.Alg, "slot": strconv.FormatInt(key.Slot, 10),
	})
}

// KeyRevoked records that an operator has ended a signing key that had leaked.
func (l *Log) KeyRevoked(ctx context.Context, actor, kid string) {
	l.append(ctx, actor, actionKeyRevoke, "key:"+kid, nil)
}

// KeysAccepted records that an operator has replaced keys that stand outside the database,
// under the names of their settings.
func (l *Log) KeysAccepted(ctx context.Context, actor string, settings []string) {
	l.append(ctx, actor, actionKeysAccept, "keys", map[string]string{"keys": strings.Join(settings, " ")})
}

// KeyChanged records a step in the change of a key that stands outside the database: added,
// used, retired, or given up. forced is how much still needed the old one.
func (l *Log) KeyChanged(ctx context.Context, actor, key, step string, forced int64) {
	detail := map[string]string{"step": step}
	if forced > 0 {
		detail["forced"] = strconv.FormatInt(forced, 10)
	}
	l.append(ctx, actor, actionKeysRotate, "keys:"+key, detail)
}

// PersonLocked records that an operator has locked a person out. The actor is
// "staff:…", or "system" for the command line.
func (l *Log) PersonLocked(ctx context.Context, actor, person string) {
	l.append(ctx, actor, actionPersonLock, "person:"+person, nil)
}

// PersonUnlocked records that an operator has let a person in again.
func (l *Log) PersonUnlocked(ctx context.Context, actor, person string) {
	l.append(ctx, actor, actionPersonUnlock, "person:"+person, nil)
}

// PeopleAdded records how many people an operator has added, and of them how many
// were not known before.
func (l *Log) PeopleAdded(ctx context.Context, actor string, added, unknown int) {
	l.append(ctx, actor, actionPeopleAdd, "people", map[string]string{
		"added": strconv.Itoa(added), "new": strconv.Itoa(unknown),
	})
}

// LoginDisowned records that a person has said of a login that it was not theirs, and
// until when login link and QR code are paused for them.
func (l *Log) LoginDisowned(ctx context.Context, s login.Session, until time.Time) {
	l.append(ctx, "person:"+s.Person, actionLoginDisown, "session:"+s.ID, map[string]string{
		"method": string(s.Method), "paused_until": until.UTC().Format(time.RFC3339),
	})
}

// Activated records that a person has used an invitation.
func (l *Log) Activated(ctx context.Context, person, invitation string) {
	l.append(ctx, "person:"+person, actionActivate, "invitation:"+invitation, nil)
}

// PasswordSet records that a person has set a new password by mail, and how many
// sessions ended with the old one.
func (l *Log) PasswordSet(ctx context.Context, person string, sessions int64) {
	l.append(ctx, "person:"+person, actionPasswordSet, "person:"+person, map[string]string{"sessions": strconv.FormatInt(sessions, 10)})
}

// Switched records that an operator has switched a method or a means on or off. What
// people are told about it is not machine words, so it stays out.
func (l *Log) Switched(ctx context.Context, s operations.Switch) {
	action := actionMethodOff
	switch means := strings.HasPrefix(s.Name, operations.MeansSwitch("")); {
	case means && s.On:
		action = actionMeansOn
	case means:
		action = actionMeansOff
	case s.On:
		action = actionMethodOn
	}
	l.append(ctx, s.By, action, s.Name, nil)
}

// patience is how long an entry may take to be written.
const patience = 5 * time.Second

// append writes an entry: within [Log.Atomically] together with the act, and by itself when
// it tells of something that was only seen, or refused. Whoever caused that cannot keep it
// from being written by hanging up, and a failure is not the caller's: it is logged with the
// whole entry, which holds nothing secret.
func (l *writer) append(ctx context.Context, actor, action, target string, detail map[string]string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	for key, value := range detail {
		if value == "" {
			delete(detail, key)
		}
	}
	entry := operations.AuditEntry{At: l.now(), Actor: actor, Action: action, Target: target, Detail: detail}
	if err := l.store.AppendAudit(ctx, entry); err != nil {
		delete(detail, Because) // people write it, and the process's log holds nothing of people
		l.log.ErrorContext(ctx, "audit entry was not written", "actor", actor, "action", action, "target", target,
			"detail", detail, "error", err)
	}
}
