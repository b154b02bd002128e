package config_test

import (
	"strings"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/platform/mail"
)

const withMail = minimal + `
mail:
  host: smtp.example.com
  user: avain
  password_env: MAIL_PASSWORD
  from: SmartumPay <noreply@example.com>
  reply_to: support@example.com
  bounce_address: "bounces+{id}@example.com"
`

func TestMailSection(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	write(t, dir, "avain.yaml", []byte(withMail))
	c, err := config.Load(dir+"/avain.yaml", []string{"MAIL_PASSWORD=canary-mail-password"})
	if err != nil {
		t.Fatal(err)
	}
	if !c.Mail.Set() || c.Mail.Password.Reveal() != "canary-mail-password" {
		t.Error("the password did not arrive")
	}
	if c.Mail.Port != 587 || c.Mail.TLS != mail.STARTTLS || c.Mail.Timeout != 30*time.Second {
		t.Errorf("not the defaults: %+v", c.Mail)
	}
	if c, err := load(t, dir, minimal); err != nil || c.Mail.Set() {
		t.Errorf("mail must be a choice: %v", err)
	}
}

func TestMailMistakes(t *testing.T) {
	t.Parallel()
	const complete = "host: smtp.example.com, from: noreply@example.com"
	for _, c := range []struct{ name, section, path, says string }{
		{"no server", "{from: noreply@example.com}", "mail.host", "missing"},
		{"no sender", "{host: smtp.example.com}", "mail.from", "missing"},
		{"sender is no address", `{host: smtp.example.com, from: nobody}`, "mail.from", "not an e-mail address"},
		{"line break in the sender", `{host: smtp.example.com, from: "a@example.com\r\nBcc: b@example.com"}`, "mail.from", "not an e-mail address"},
		{"a comment in the sender", `{host: smtp.example.com, from: "Smartum (Etu) <a@example.com>"}`, "mail.from", "in double quotes"},
		{"a comment behind the sender", `{host: smtp.example.com, from: "a@example.com (Etu)"}`, "mail.from", "in double quotes"},
		{"a comment in the answers", "{" + complete + `, reply_to: "Tuki (arkisin) <a@example.com>"}`, "mail.reply_to", "in double quotes"},
		{"nobody sees it all", `{host: smtp.example.com, from: "Smar\u200Btum <a@example.com>"}`, "mail.from", "nobody sees"},
		{"a name without end", `{host: smtp.example.com, from: "` + strings.Repeat("Smartum ", 11) + `<a@example.com>"}`, "mail.from", "more than 80"},
		{"clear text to another machine", "{" + complete + ", tls: none}", "mail.tls", "only for a server on this machine"},
		{"unknown protection", "{" + complete + ", tls: opportunistic}", "mail.tls", "must be starttls, tls or none"},
		{"password in the clear", "{host: localhost, from: a@example.com, tls: none, user: u, password_env: MAIL_PASSWORD}", "mail.tls", "under TLS only"},
		{"user without password", "{" + complete + ", user: avain}", "mail.password_file", "missing"},
		{"password without user", "{" + complete + ", password_env: MAIL_PASSWORD}", "mail.user", "missing"},
		{"password file is not there", "{" + complete + ", user: avain, password_file: keys/nothing}", "mail.password_file", "no such file"},
		{"port", "{" + complete + ", port: 70000}", "mail.port", "from 1 to 65535"},
		{"time-out", "{" + complete + ", timeout: 1h}", "mail.timeout", "must be from"},
		{"answers", "{" + complete + ", reply_to: x}", "mail.reply_to", "not an e-mail address"},
		{"bounces", "{" + complete + `, bounce_address: "long-before-the-id+{id}@example.com"}`, "mail.bounce_address", "12 characters"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t)
			write(t, dir, "avain.yaml", []byte(minimal+"mail: "+c.section+"\n"))
			_, err := config.Load(dir+"/avain.yaml", []string{"MAIL_PASSWORD=x"})
			if err == nil {
				t.Fatal("accepted")
			}
			for line := range strings.Lines(err.Error()) {
				if strings.Contains(line, c.path) && strings.Contains(line, c.says) {
					return
				}
			}
			t.Errorf("got %v, want %s … %s", err, c.path, c.says)
		})
	}
}
