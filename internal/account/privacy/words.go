package privacy

// what says what a table holds.
func what(table string) string {
	return map[string]string{
		"persons":         "You, as the service knows you. Two records of the same human are both here.",
		"employments":     "What your employers have told about you.",
		"employers":       "The employers of those records.",
		"benefits":        "Your benefits.",
		"invitations":     "Invitations to take the benefits into use, and what became of their letters.",
		"credentials":     "Your user names.",
		"password_resets": "Requests for a new password that have not been used.",
		"recognised":      "Browsers and networks from which you have logged in with a password; which they are is kept nowhere.",
		"wrong_tries":     "How often a wrong password was typed for you, per day and network; which network it was is kept nowhere.",
		"sessions":        "Apps and browsers in which you are, or lately were, logged in.",
		"qr_pages":        "QR codes that were shown to you in the last hour.",
		"attempts":        "Your logins.",
		"legs":            "Your journeys to banks and other means of identification during those logins.",
		"digits":          "Six-digit codes that wait to be typed.",
		"jobs":            "Letters and messages about you that wait to be sent or could not be sent.",
		"audit":           "The security log: who did what to your account. It is kept for good and names nobody.",
		"audit_unsealed":  "Entries of the security log that are a second old at most and have no number yet.",
	}[table]
}

// meaning says what a field of a table means.
func meaning(table, field string) string {
	if text := special()[table+"."+field]; text != "" {
		return text
	}
	return common()[field]
}

// common are the fields that mean the same wherever they are.
func common() map[string]string {
	return map[string]string{
		"id": "id of this row", "person": "id of the person", "employer": "id of the employer", "employment": "id of the employer's record",
		"attempt": "id of the login", "session": "id of the session that came of it", "credential": "id of the user name",
		"given_name": "given name", "family_name": "family name", "name": "name", "email": "e-mail address", "locale": "language",
		"user_name": "user name", "kind": "kind",
		"created_at": "when it was written", "updated_at": "when it was last changed", "expires_at": "when it stops being good",
		"used_at": "when it was last used", "revoked_at": "when it was ended early", "activated_at": "when you took it into use",
		"ended_at": "when it ended", "ends_at": "when it ends",
		"client": "the app", "method": "way of logging in", "broker": "identification broker", "means": "bank or Mobile Certificate",
		"acr": "level of assurance of the identification", "amr": "how the bank identified you", "auth_time": "when you were identified",
		"device": "what the app said about the device", "place": "where it came from, coarsely", "state": "how far it has come",
		"error": "why the last try failed", "tries": "how often it was tried",
	}
}

// special are the others.
func special() map[string]string {
	return map[string]string{
		"persons.same_as": "id of the record that stands for the same human", "persons.subject": "how apps know you",
		"persons.name": "name, as your bank gave it", "persons.smartum_plus": "whether you log in with strong identification only",
		"persons.locked_at": "when the operator locked you out", "persons.paused_until": "until when login link and QR code are paused for you",
		"employments.kind": "which kind of user you are to the employer", "employments.external_id": "the employer's own id of you",
		"employments.addresses": "your addresses in the employer's directory, when there are more than one for work",
		"employments.user_name": "your name in the employer's directory", "employments.terms": "version of the terms that you accepted",
		"employments.terms_at": "when you accepted them", "employments.email_proved": "whether you have activated through a link that was mailed to this address",
		"invitations.mailed_to": "the address that the link was mailed to; * when there were several or it is not known", "employers.name": "name of the employer",
		"benefits.starts_at": "first moment of the benefit", "benefits.released_at": "when the employer gave it", "benefits.kind": "kind of benefit",
		"invitations.held_at": "when somebody of another name came with it", "invitations.remind_at": "when you are reminded", "invitations.used_at": "when it was used", "invitations.mail": "how far the letter has come",
		"invitations.mail_at": "when it came so far", "invitations.mail_detail": "what the mail server said",
		"credentials.changed_at": "when the password was last set",
		"sessions.scopes":        "what the app may do", "sessions.used": "whether it has been used", "sessions.idle_until": "when it ends if it is not used",
		"sessions.revoked_why": "why it was ended early",
		"wrong_tries.day":      "the day, in Finland", "wrong_tries.tries": "how many wrong passwords, from one network",
		"wrong_tries.known":    "how many of them from a device or network where you had logged in before",
		"qr_pages.shown_until": "until when the code could be scanned", "qr_pages.typed_until": "until when the code could be typed",
		"qr_pages.session": "id of the session of the browser that showed it", "qr_pages.attempt": "id of the login that scanned it",
		"qr_pages.elsewhere":    "whether the phone was in another network than the browser",
		"attempts.support_code": "code by which customer service finds the login", "attempts.reason": "why it did not succeed",
		"attempts.code_expires_at": "when the app had to have finished", "attempts.timeline": "what happened, step by step",
		"attempts.stage": "0: nobody opened it, 1: a browser showed it, 2: left for a bank", "attempts.proved_at": "when we learned who you are",
		"attempts.digits_until": "until when the six digits worked", "attempts.turned": "why you came back from the bank without logging in",
		"legs.started_at": "when it began", "legs.taken_until": "until when an answer is being looked at", "legs.done_at": "when it was over",
		"jobs.kind": "what is to be done", "jobs.run_at": "when it is tried next", "jobs.dead_at": "when it was given up",
		"audit.seq": "number of the entry", "audit.at": "when", "audit.actor": "who did it", "audit.action": "what was done",
		"audit.target": "to what", "audit.detail": "more about it, as machine words",
		"audit_unsealed.at": "when", "audit_unsealed.actor": "who did it", "audit_unsealed.action": "what was done",
		"audit_unsealed.target": "to what", "audit_unsealed.detail": "more about it, as machine words",
	}
}
