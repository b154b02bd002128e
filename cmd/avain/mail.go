package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"avain/internal/app"
	"avain/internal/domain/login"
	"avain/internal/platform/mail"
)

type mailTestCommand struct {
	configFlag
	To   string `arg:"" optional:"" help:"Address that gets a test letter; without one, the server is asked and nothing is sent."`
	Lang string `enum:"fi,sv,en" default:"fi" help:"Language of the letter: fi, sv or en."`
}

// Help is shown by avain admin mail test --help.
func (mailTestCommand) Help() string {
	return `Connects to the mail server of the configuration, checks its certificate and logs in, the way the service does.

  avain admin mail test
  avain admin mail test somebody@example.com --lang sv`
}

// Run asks the server, or sends the letter.
func (c mailTestCommand) Run(ctx context.Context, t terminal) error {
	loaded, err := c.load(t)
	if err != nil {
		return err
	}
	mailer, err := app.NewMailer(loaded, nil)
	if err != nil {
		return usageError{err}
	}
	server := net.JoinHostPort(loaded.Mail.Host, strconv.Itoa(loaded.Mail.Port))
	done, said := "ready", server+" is ready to take letters"
	if c.To == "" {
		err = mailer.Check(ctx)
	} else {
		err = mailer.Send(ctx, mail.Message{To: c.To, Locale: c.Lang, Template: mail.TemplateTest, ID: "test-" + login.NewID()})
		done, said = "taken", server+" has taken the letter"
	}
	if err != nil {
		return errors.Join(err, adviceOn(err))
	}
	return t.say(act{server, done}, "%s", said)
}

// adviceOn says what an operator can do about a refusal.
func adviceOn(err error) error {
	var refused *mail.Refused
	if !errors.As(err, &refused) {
		return errors.New("see that host, port and tls of the section mail are right, and that a firewall lets this machine out")
	}
	switch refused.Part {
	case mail.PartLogin:
		return errors.New("see that mail.user and the password are right")
	case mail.PartSender:
		return errors.New("see that the server lets this user send from mail.from and mail.bounce_address")
	case mail.PartRecipient:
		return errors.New("the address is wrong, or the server does not carry letters to it for us")
	case mail.PartMessage, mail.PartService:
		return errors.New("the server's words say what it dislikes; its log says more")
	default:
		return nil
	}
}

type mailPreviewCommand struct {
	configFlag
	Name string `arg:"" optional:"" help:"Letter; without one, the letters are listed."`
	Lang string `enum:"fi,sv,en" default:"fi" help:"Language: fi, sv or en."`
	HTML bool   `name:"html" help:"The HTML part instead of the text part."`
}

// Help is shown by avain admin mail preview --help.
func (mailPreviewCommand) Help() string {
	return `Prints a letter with made-up data, as your brand's people get it.

  avain admin mail preview
  avain admin mail preview invitation-plus --lang sv
  avain admin mail preview invitation-plus --html > letter.html`
}

// Run prints.
func (c mailPreviewCommand) Run(t terminal) error {
	loaded, err := c.load(t)
	if err != nil {
		return err
	}
	samples := mail.Samples(loaded.Public.BaseURL, c.Lang)
	if c.Name == "" {
		names := make([]string, len(samples))
		for i, s := range samples {
			names[i] = s.Name
		}
		return t.say(names, "%s", strings.Join(names, "\n"))
	}
	i := slices.IndexFunc(samples, func(s mail.Sample) bool { return s.Name == c.Name })
	if i < 0 {
		return usageError{fmt.Errorf("no letter is called %s", strings.ToValidUTF8(c.Name, "?"))}
	}
	mailer, err := app.NewMailer(loaded, nil)
	if err != nil {
		return usageError{err}
	}
	letter, err := mailer.Preview(samples[i].Message)
	if err != nil {
		return err
	}
	shown := "Subject: " + letter.Subject + "\n\n" + letter.Text
	if c.HTML {
		shown = letter.HTML
	}
	return t.say(letterOut{c.Name, letter.Subject, letter.Text, letter.HTML}, "%s", strings.TrimSuffix(shown, "\n"))
}

// letterOut is a letter in JSON.
type letterOut struct {
	Name    string `json:"name"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
}
