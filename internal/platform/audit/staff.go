package audit

import (
	"context"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/login"
	"avain/internal/domain/staff"
)

// The actions of the support console. Their actor is "staff:…", or "system" for the
// command line.
const (
	actionStaffInvite   = "staff.invite"
	actionStaffRole     = "staff.role"
	actionStaffDisable  = "staff.disable"
	actionStaffEnable   = "staff.enable"
	actionStaffSignIn   = "staff.sign_in"
	actionStaffSignOut  = "staff.sign_out"
	actionStaffCopied   = "staff.passkey_copied"
	actionPasskeyAdd    = "staff.passkey_add"
	actionPasskeyRemove = "staff.passkey_remove"
	actionSearchRefuse  = "staff.search_refuse"
	actionViewPerson    = "staff.view_person"
	actionViewRecord    = "staff.view_record"
	actionViewEmployer  = "staff.view_employer"
	actionViewAttempt   = "staff.view_attempt"
	actionStaffEnd      = "staff.log_out_device"
	actionStaffPause    = "staff.pause_methods"
	actionStaffResume   = "staff.resume_methods"
	actionRelease       = "staff.release_activation"
	actionPersonInvite  = "staff.invite_person"
)

// Because is the detail that holds what somebody of the staff wrote as their reason: the
// one that is no machine word. It is refused when it looks like an identity code, and it
// stays out of the process's own log.
const Because = "because"

// ByStaff is the actor of what somebody does in the console.
func ByStaff(id string) string { return "staff:" + id }

// StaffInvited records that somebody may make a passkey, with which role.
func (l Staff) StaffInvited(ctx context.Context, actor string, who staff.Member) {
	l.append(ctx, actor, actionStaffInvite, ByStaff(who.ID), map[string]string{"role": string(who.Role)})
}

// StaffRoleSet records another role.
func (l Staff) StaffRoleSet(ctx context.Context, actor, staff string, role staff.Role) {
	l.append(ctx, actor, actionStaffRole, ByStaff(staff), map[string]string{"role": string(role)})
}

// StaffDisabled records that somebody is kept out of the console.
func (l Staff) StaffDisabled(ctx context.Context, actor, staff string) {
	l.append(ctx, actor, actionStaffDisable, ByStaff(staff), nil)
}

// StaffEnabled records that somebody is let into the console again.
func (l Staff) StaffEnabled(ctx context.Context, actor, staff string) {
	l.append(ctx, actor, actionStaffEnable, ByStaff(staff), nil)
}

// StaffSignedIn records that somebody is in the console.
func (l Staff) StaffSignedIn(ctx context.Context, staff, passkey string) {
	l.append(ctx, ByStaff(staff), actionStaffSignIn, "passkey:"+passkey, nil)
}

// StaffSignedOut records that somebody has left the console.
func (l Staff) StaffSignedOut(ctx context.Context, staff string) {
	l.append(ctx, ByStaff(staff), actionStaffSignOut, ByStaff(staff), nil)
}

// PasskeyCopied records that the counter of a passkey went back: there is a copy of it,
// or it is broken. It was refused.
func (l Staff) PasskeyCopied(ctx context.Context, k staff.Passkey) {
	l.append(ctx, ByStaff(k.Staff), actionStaffCopied, "passkey:"+k.ID, nil)
}

// PasskeyAdded records a new passkey.
func (l Staff) PasskeyAdded(ctx context.Context, k staff.Passkey) {
	l.append(ctx, ByStaff(k.Staff), actionPasskeyAdd, "passkey:"+k.ID, nil)
}

// PasskeyRemoved records that a passkey opens nothing any more.
func (l Staff) PasskeyRemoved(ctx context.Context, staff, passkey string) {
	l.append(ctx, ByStaff(staff), actionPasskeyRemove, "passkey:"+passkey, nil)
}

// SearchRefused records that somebody searches more than help needs.
func (l Staff) SearchRefused(ctx context.Context, actor string) {
	l.append(ctx, actor, actionSearchRefuse, "persons", nil)
}

// PersonViewed records that somebody of the staff has looked at a person.
func (l Staff) PersonViewed(ctx context.Context, actor, person string) {
	l.append(ctx, actor, actionViewPerson, "person:"+person, nil)
}

// RecordViewed records that somebody of the staff has looked at an employer's record of
// somebody who has not activated.
func (l Staff) RecordViewed(ctx context.Context, actor, employment string) {
	l.append(ctx, actor, actionViewRecord, "employment:"+employment, nil)
}

// EmployerViewed records that somebody of the staff has looked through an employer's
// people.
func (l Staff) EmployerViewed(ctx context.Context, actor, employer string) {
	l.append(ctx, actor, actionViewEmployer, "employer:"+employer, nil)
}

// AttemptViewed records that somebody of the staff has looked at a login, and whose it
// was, if that is known.
func (l Staff) AttemptViewed(ctx context.Context, actor string, a login.Attempt) {
	l.append(ctx, actor, actionViewAttempt, "attempt:"+a.ID, map[string]string{"person": a.Person, "support_code": a.SupportCode})
}

// DeviceLoggedOut records that somebody of the staff has logged a person's device out.
func (l Staff) DeviceLoggedOut(ctx context.Context, actor, person, session, because string) {
	l.append(ctx, actor, actionStaffEnd, "person:"+person, map[string]string{"session": session, Because: because})
}

// MethodsPaused records that login link and QR code are paused for a person.
func (l Staff) MethodsPaused(ctx context.Context, actor, person string, until time.Time, because string) {
	l.append(ctx, actor, actionStaffPause, "person:"+person, map[string]string{"paused_until": until.UTC().Format(time.RFC3339), Because: because})
}

// MethodsResumed records that a pause was ended before its time.
func (l Staff) MethodsResumed(ctx context.Context, actor, person, because string) {
	l.append(ctx, actor, actionStaffResume, "person:"+person, map[string]string{Because: because})
}

// ActivationReleased records that somebody of the staff lets a human activate whose name is
// another than the employer's.
func (l Staff) ActivationReleased(ctx context.Context, actor, employment string, h employment.HeldActivation, because string) {
	l.append(ctx, actor, actionRelease, "employment:"+employment, map[string]string{
		"held": h.ID, "invitation": h.Invitation, "support_code": h.SupportCode, Because: because,
	})
}

// PersonInvited records that somebody of the staff has ordered an invitation anew. The
// target is the person, or the employer's record of one who has not activated anything.
func (l Staff) PersonInvited(ctx context.Context, actor, target string, i employment.Invitation, because string) {
	l.append(ctx, actor, actionPersonInvite, target, map[string]string{
		"invitation": i.ID, "employment": i.Employment, Because: because,
	})
}
