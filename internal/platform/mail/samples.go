package mail

import (
	"time"

	"avain/internal/domain/login"
)

// Sample is a letter with made-up data, to be looked at.
type Sample struct {
	Name    string // small letters and hyphens
	Message Message
}

// Samples are all letters with made-up data, in one language: each once, and those
// to both kinds of user twice. The links lead to pages of the service at base.
func Samples(base, lang string) []Sample {
	benefits := map[string][]string{
		"fi": {"Lounas", "Liikunta ja kulttuuri", "Työmatka"},
		"sv": {"Lunch", "Motion och kultur", "Arbetsresor"},
		"en": {"Lunch", "Sports and culture", "Commuting"},
	}
	at := time.Date(2026, time.November, 22, 10, 5, 0, 0, time.UTC)
	invitation := Invitation{
		Kind: SmartumPlus, Name: "Aino", Employer: "Esimerkki Oy", Benefits: benefits[lang],
		ValidUntil: at.AddDate(0, 0, 30), Link: base + "/activate#sample",
	}
	older := invitation
	older.Kind, older.Name, older.Employer = Smartum, "", "Kahvila Ääni & Öljy"
	samples := []Sample{
		{"invitation-plus", Message{Template: TemplateInvitation, Data: invitation}},
		{"invitation-smartum", Message{Template: TemplateInvitation, Data: older}},
		{"reminder-plus", Message{Template: TemplateReminder, Data: invitation}},
		{"reminder-smartum", Message{Template: TemplateReminder, Data: older}},
		{"password-reset", Message{Template: TemplatePasswordReset, Data: PasswordReset{
			Name: "Aino", ValidUntil: at.Add(30 * time.Minute), Link: base + "/password#sample",
		}}},
		{"password-changed", Message{Template: TemplatePasswordChanged, Data: PasswordChanged{
			Name: "Aino", At: at, Link: base + "/password",
		}}},
		{"new-login", Message{Template: TemplateNewLogin, Data: NewLogin{
			Name: "Aino", Device: "Samsung Galaxy, Android", Method: login.MethodQR, Place: "Helsinki", At: at, Link: base + "/me/devices",
		}}},
		{"test", Message{Template: TemplateTest}},
	}
	for i := range samples {
		samples[i].Message.Locale, samples[i].Message.To, samples[i].Message.ID = lang, "aino@example.com", "sample-"+samples[i].Name
	}
	return samples
}
