package app

import (
	"avain/internal/domain/employment"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/staff"
	"avain/internal/platform/audit"
)

// What an agent of the support console sees of each record. What is not named is not
// shown: no hash, no key, no subject of tokens, nothing that a client asked for.

func showEach[T any](all []T, show func(T) T) []T {
	shown := make([]T, len(all))
	for i := range all {
		shown[i] = show(all[i])
	}
	return shown
}

func showPerson(p login.Person) login.Person {
	return login.Person{
		ID: p.ID, GivenName: p.GivenName, FamilyName: p.FamilyName, Name: p.Name, Email: p.Email, Locale: p.Locale,
		SmartumPlus: p.SmartumPlus, LockedAt: p.LockedAt, PausedUntil: p.PausedUntil, CreatedAt: p.CreatedAt,
	}
}

func showEmployer(e employment.Employer) employment.Employer {
	return employment.Employer{ID: e.ID, Name: e.Name, Locale: e.Locale}
}

func showEmployment(m employment.Employment) employment.Employment {
	return employment.Employment{
		ID: m.ID, Employer: m.Employer, Person: m.Person, Kind: m.Kind, Email: m.Email, GivenName: m.GivenName, FamilyName: m.FamilyName,
		Locale: m.Locale, ActivatedAt: m.ActivatedAt, EndedAt: m.EndedAt, CreatedAt: m.CreatedAt, Benefits: showEach(m.Benefits, showBenefit),
	}
}

func showBenefit(b login.Benefit) login.Benefit {
	return login.Benefit{Kind: b.Kind, StartsAt: b.StartsAt, EndsAt: b.EndsAt, ReleasedAt: b.ReleasedAt, ActivatedAt: b.ActivatedAt}
}

func showInvitation(i employment.Invitation) employment.Invitation {
	return employment.Invitation{
		ID: i.ID, Employment: i.Employment, CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt, UsedAt: i.UsedAt, RevokedAt: i.RevokedAt,
		Mail: i.Mail, MailAt: i.MailAt, MailDetail: i.MailDetail,
	}
}

func showSession(s login.Session) login.Session {
	return login.Session{
		ID: s.ID, Person: s.Person, Client: s.Client, Method: s.Method, Means: s.Means, Device: showDevice(s.Device), Place: s.Place,
		CreatedAt: s.CreatedAt, UsedAt: s.UsedAt, IdleUntil: s.IdleUntil, EndsAt: s.EndsAt, RevokedAt: s.RevokedAt,
	}
}

func showDevice(d login.Device) login.Device {
	return login.Device{Name: d.Name, Model: d.Model, Platform: d.Platform, AppVersion: d.AppVersion}
}

func showAttempt(a login.Attempt) login.Attempt {
	return login.Attempt{
		ID: a.ID, SupportCode: a.SupportCode, Method: a.Method, State: a.State, Reason: a.Reason, Client: a.Client,
		Device: showDevice(a.Device), Person: a.Person, Broker: a.Broker, Means: a.Means, Place: a.Place,
		CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt, ExpiresAt: a.ExpiresAt, CodeExpiresAt: a.CodeExpiresAt,
		Timeline: showEach(a.Timeline, showEvent),
	}
}

func showEvent(e login.Event) login.Event {
	return login.Event{
		At: e.At, Step: e.Step, Outcome: e.Outcome, Reason: e.Reason, Detail: e.Detail, Browser: e.Browser, Means: e.Means,
		Chosen: e.Chosen, Broker: e.Broker, Count: e.Count, Since: e.Since,
	}
}

func showWrongDay(w login.WrongDay) login.WrongDay {
	return login.WrongDay{Day: w.Day, Tries: w.Tries, Known: w.Known, Networks: w.Networks, More: w.More}
}

func showAct(e operations.AuditEntry) operations.AuditEntry {
	shown := operations.AuditEntry{At: e.At, Actor: e.Actor, Action: e.Action, Target: e.Target}
	if because := e.Detail[audit.Because]; because != "" {
		shown.Detail = map[string]string{audit.Because: because}
	}
	return shown
}

func showStaff(s staff.Member) staff.Member {
	return staff.Member{ID: s.ID, Name: s.Name, Role: s.Role}
}
