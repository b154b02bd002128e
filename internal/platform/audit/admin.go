package audit

import (
	"context"
	"strconv"
	"strings"

	"avain/internal/domain/employment"
	"avain/internal/domain/operations"
)

// The actions of the admin API and its command line. Their actor is "key:…" or "system".
const (
	actionEmployerAdd      = "employer.add"
	actionEmployerChange   = "employer.change"
	actionEmploymentAdd    = "employment.add"
	actionEmploymentChange = "employment.change"
	actionEmploymentEnd    = "employment.end"
	actionEmploymentResume = "employment.resume"
	actionEmploymentExport = "employment.export"
	actionInvitationSend   = "invitation.send"
	actionInvitationRevoke = "invitation.revoke"
	actionInvitationBounce = "invitation.bounce"
	actionSessionEnd       = "session.end"
	actionImportStart      = "import.start"
	actionAPIKeyAdd        = "apikey.add"
	actionAPIKeyRotate     = "apikey.rotate"
	actionAPIKeyRevoke     = "apikey.revoke"
	actionJobsRetry        = "jobs.retry"
	actionPersonExport     = "person.export"
	actionPersonErase      = "person.erase"
	actionNoticePublish    = "notice.publish"
	actionNoticeChange     = "notice.change"
	actionNoticeWithdraw   = "notice.withdraw"
	actionAuditBegin       = "audit.begin"
)

// ByKey is the actor of what an API key does.
func ByKey(k operations.APIKey) string { return "key:" + k.ID }

// System is the actor of what the operator does on the command line.
const System = system

// EmployerAdded records a new employer.
func (l Admin) EmployerAdded(ctx context.Context, actor, employer string) {
	l.append(ctx, actor, actionEmployerAdd, "employer:"+employer, nil)
}

// EmployerChanged records another name or language.
func (l Admin) EmployerChanged(ctx context.Context, actor, employer string) {
	l.append(ctx, actor, actionEmployerChange, "employer:"+employer, nil)
}

// EmploymentAdded records that an employer has added a person.
func (l Admin) EmploymentAdded(ctx context.Context, actor string, m employment.Employment) {
	l.append(ctx, actor, actionEmploymentAdd, "employment:"+m.ID, map[string]string{"employer": m.Employer})
}

// EmploymentChanged records that an employer says something else of a person. What it
// is, is a machine word: "record", "benefit:lunch".
func (l Admin) EmploymentChanged(ctx context.Context, actor string, m employment.Employment, what string) {
	l.append(ctx, actor, actionEmploymentChange, "employment:"+m.ID, map[string]string{"employer": m.Employer, "what": what})
}

// EmploymentEnded records that a person has left.
func (l Admin) EmploymentEnded(ctx context.Context, actor string, m employment.Employment) {
	l.append(ctx, actor, actionEmploymentEnd, "employment:"+m.ID, map[string]string{"employer": m.Employer, "person": m.Person})
}

// EmploymentResumed records that a person is back.
func (l Admin) EmploymentResumed(ctx context.Context, actor string, m employment.Employment) {
	l.append(ctx, actor, actionEmploymentResume, "employment:"+m.ID, map[string]string{"employer": m.Employer, "person": m.Person})
}

// EmploymentsExported records that all people of an employer were read at once.
func (l Admin) EmploymentsExported(ctx context.Context, actor, employer string, n int) {
	l.append(ctx, actor, actionEmploymentExport, "employer:"+employer, map[string]string{"rows": strconv.Itoa(n)})
}

// InvitationSent records that an invitation was ordered.
func (l Admin) InvitationSent(ctx context.Context, actor string, i employment.Invitation) {
	l.append(ctx, actor, actionInvitationSend, "invitation:"+i.ID, map[string]string{"employment": i.Employment})
}

// InvitationRevoked records that an invitation was made worthless.
func (l Admin) InvitationRevoked(ctx context.Context, actor, employment, invitation string) {
	l.append(ctx, actor, actionInvitationRevoke, "invitation:"+invitation, map[string]string{"employment": employment})
}

// BounceReported records that a letter came back. Which one, the invitation says.
func (l Admin) BounceReported(ctx context.Context, actor string) {
	l.append(ctx, actor, actionInvitationBounce, "invitations", nil)
}

// SessionEnded records that somebody else has logged a person out; the session is empty
// for all of them.
func (l Admin) SessionEnded(ctx context.Context, actor, person, session string) {
	l.append(ctx, actor, actionSessionEnd, "person:"+person, map[string]string{"session": session})
}

// ImportStarted records a file of people.
func (l Admin) ImportStarted(ctx context.Context, actor string, i employment.Import) {
	l.append(ctx, actor, actionImportStart, "import:"+i.ID, map[string]string{
		"employer": i.Employer, "rows": strconv.FormatInt(i.Rows, 10), "invite": strconv.FormatBool(i.Invite),
	})
}

// APIKeyAdded records a new key of the admin API.
func (l Admin) APIKeyAdded(ctx context.Context, actor string, k operations.APIKey) {
	l.append(ctx, actor, actionAPIKeyAdd, "key:"+k.ID, map[string]string{"employers": strconv.Itoa(len(k.Employers))})
}

// APIKeyRotated records that a key has another secret.
func (l Admin) APIKeyRotated(ctx context.Context, actor, id string) {
	l.append(ctx, actor, actionAPIKeyRotate, "key:"+id, nil)
}

// APIKeyRevoked records that a key opens nothing any more.
func (l Admin) APIKeyRevoked(ctx context.Context, actor, id string) {
	l.append(ctx, actor, actionAPIKeyRevoke, "key:"+id, nil)
}

// JobsRetried records that jobs were begun anew that had been given up: what is a kind
// of jobs, or "job:" with the id of one.
func (l Admin) JobsRetried(ctx context.Context, actor, what string, n int64) {
	l.append(ctx, actor, actionJobsRetry, what, map[string]string{"jobs": strconv.FormatInt(n, 10)})
}

// PersonExported records that somebody has read everything that there is of a person.
func (l Admin) PersonExported(ctx context.Context, actor, person string) {
	l.append(ctx, actor, actionPersonExport, "person:"+person, nil)
}

// PersonErased records that a person was erased, and why: a machine word. The ids lead
// to nobody any more.
func (l Admin) PersonErased(ctx context.Context, actor, person, reason string, e operations.ErasureResult) {
	l.append(ctx, actor, actionPersonErase, "person:"+person, map[string]string{
		"why": reason, "employments": strconv.Itoa(len(e.Employments)), "sessions": strconv.FormatInt(e.Sessions, 10),
		"attempts": strconv.FormatInt(e.Attempts, 10), "jobs": strconv.FormatInt(e.Jobs, 10),
	})
}

// NoticePublished records a new notice, and what it does. What it says is not machine
// words, so it stays out.
func (l Admin) NoticePublished(ctx context.Context, n operations.Notice) {
	l.append(ctx, n.By, actionNoticePublish, "notice:"+n.ID, acts(n))
}

// NoticeChanged records another version of a notice.
func (l Admin) NoticeChanged(ctx context.Context, n operations.Notice) {
	l.append(ctx, n.By, actionNoticeChange, "notice:"+n.ID, acts(n))
}

// NoticeWithdrawn records the end of a notice before its time.
func (l Admin) NoticeWithdrawn(ctx context.Context, actor, id string) {
	l.append(ctx, actor, actionNoticeWithdraw, "notice:"+id, nil)
}

// ChainBegunAnew records that the chain of this log was begun anew, over the entries that
// there were: whatever had been done to them before, they are as they were then.
func (l Admin) ChainBegunAnew(ctx context.Context, actor string, from operations.AuditHead) {
	l.append(ctx, actor, actionAuditBegin, "audit", map[string]string{"entries_before": strconv.FormatInt(from.Seq, 10)})
}

func acts(n operations.Notice) map[string]string {
	off := make([]string, len(n.Act.Off))
	for i, m := range n.Act.Off {
		off[i] = string(m)
	}
	return map[string]string{"severity": string(n.Severity), "off": strings.Join(off, " "), "first": string(n.Act.First)}
}
