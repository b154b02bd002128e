package app

import (
	"errors"
	"net/url"
	"time"

	"avain/internal/config"
	"avain/internal/platform/mail"
)

// errNoMail is what those get who want to send letters without a mail server.
var errNoMail = errors.New("the configuration names no mail server (mail.host)")

// NewMailer makes the one that writes and sends letters. now may be nil.
func NewMailer(c config.Config, now func() time.Time) (*mail.Mailer, error) {
	if !c.Mail.Set() {
		return nil, errNoMail
	}
	base, err := url.Parse(c.Public.BaseURL)
	if err != nil {
		return nil, err
	}
	return mail.New(mail.Config{
		BaseURL: base, Languages: c.Brand.Languages, TimeZone: c.Brand.Zone(), Now: now,
		Brand: mail.Brand{
			Name: c.Brand.Name, Accent: c.Brand.Accent,
			Email: c.Brand.Support.Email, Phone: c.Brand.Support.Phone, Help: c.Brand.Support.URL,
		},
		Server: mail.Server{
			Host: c.Mail.Host, Port: c.Mail.Port, Security: c.Mail.TLS,
			User: c.Mail.User, Password: c.Mail.Password, Timeout: c.Mail.Timeout,
		},
		From: c.Mail.From, ReplyTo: c.Mail.ReplyTo, Bounce: c.Mail.BounceAddress,
	})
}
