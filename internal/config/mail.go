package config

import (
	"time"

	"avain/internal/platform/mail"
	"avain/internal/secret"
)

// Mail says how letters leave.
type Mail struct {
	Host          string        `yaml:"host" doc:"The mail server that takes the letters. Without it no letters are sent: nobody can be invited, and nobody can replace a forgotten password." example:"smtp.example.com"`
	Port          int           `yaml:"port" doc:"Its port: 587 for starttls, 465 for tls."`
	TLS           mail.Security `yaml:"tls" doc:"starttls (required of the server), tls (from the first byte), or none, which is only for a server on this machine. The certificate is always checked."`
	User          string        `yaml:"user" doc:"User name at the server, when it asks for one." example:"avain"`
	PasswordFile  string        `yaml:"password_file" doc:"File with the password." example:"keys/mail-password"`
	PasswordEnv   string        `yaml:"password_env" doc:"The same from an environment variable." example:"AVAIN_MAIL_PASSWORD"`
	From          string        `yaml:"from" doc:"Sender, as people see it. Its domain needs SPF, DKIM and DMARC (docs/operations.md)." example:"SmartumPay <noreply@example.com>"`
	ReplyTo       string        `yaml:"reply_to" doc:"Where people's answers go; to the sender, when left out." example:"support@example.com"`
	BounceAddress string        `yaml:"bounce_address" doc:"Where servers report what they could not deliver; to the sender, when left out. {id} stands for the letter, so that a report names it." example:"\"bounces+{id}@example.com\""`
	Timeout       time.Duration `yaml:"timeout" doc:"The longest wait for one answer of the server."`

	// Password is what the file or the variable held.
	Password secret.Text `yaml:"-"`
}

// Set reports whether letters are sent.
func (m Mail) Set() bool { return m.Host != "" }

// mailPassword reads the password when there is a user name.
func (r reader) mailPassword(m *Mail) {
	if m.PasswordFile != "" || m.PasswordEnv != "" {
		m.Password = r.fetch(source{"mail.password", m.PasswordFile, m.PasswordEnv})
	}
}

// mail checks the section. The mail server itself is not asked: the service starts
// without it, and avain admin mail test asks it.
func (v validator) mail(m Mail) {
	if !m.Set() {
		if m != (Mail{Port: m.Port, TLS: m.TLS, Timeout: m.Timeout}) {
			v.add("mail.host", "missing; name the mail server, or remove the section")
		}
		return
	}
	if m.Port < 1 || m.Port > 65535 {
		v.add("mail.port", "must be from 1 to 65535")
	}
	v.oneOf("mail.tls", string(m.TLS), string(mail.STARTTLS), string(mail.TLS), string(mail.None))
	if m.TLS == mail.None && !loopback(m.Host) {
		v.add("mail.tls", "none is only for a server on this machine: letters open accounts, and anybody on the way could read them")
	}
	v.between("mail.timeout", m.Timeout, time.Second, 5*time.Minute)
	v.mailLogin(m)
	v.mailAddresses(m)
}

func (v validator) mailLogin(m Mail) {
	given := m.PasswordFile != "" || m.PasswordEnv != ""
	switch {
	case m.User == "" && given:
		v.add("mail.user", "missing; a password without a user name is not used")
	case m.User != "" && !given:
		v.add("mail.password_file", "missing; name the file that holds it, or an environment variable with mail.password_env")
	case m.User != "" && m.TLS == mail.None:
		v.add("mail.tls", "a password is sent under TLS only")
	}
}

func (v validator) mailAddresses(m Mail) {
	switch err := mail.CheckAddress(m.From); {
	case m.From == "":
		v.add("mail.from", "missing; write the sender, such as SmartumPay <noreply@example.com>")
	case err != nil:
		v.add("mail.from", "%s", err)
	}
	if m.ReplyTo != "" {
		if err := mail.CheckAddress(m.ReplyTo); err != nil {
			v.add("mail.reply_to", "%s", err)
		}
	}
	if err := mail.CheckBounceAddress(m.BounceAddress); err != nil {
		v.add("mail.bounce_address", "%s", err)
	}
}
