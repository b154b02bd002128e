package mail_test

import (
	"encoding/base32"
	"errors"
	"strings"
	"testing"

	"avain/internal/mail"
)

// reportTo is a report of a failed delivery that quotes nothing of the letter.
func reportTo(address string) string { return report(address, failed, "") }

const failed = "Final-Recipient: rfc822; aino.virtanen@example.net\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 <aino.virtanen@example.net> user aino.virtanen unknown\n"

// report is what a mail server writes (RFC 3464).
func report(to, status, head string) string {
	return crlf("From: MAILER-DAEMON@example.net\nTo: <" + to + ">\nSubject: Undelivered\nMIME-Version: 1.0\n" +
		"Content-Type: multipart/report; report-type=\"delivery-status\"; boundary=\"b\"\n\n" +
		"--b\nContent-Type: text/plain\n\nSorry, see <https://example.org>.\n" +
		"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n" + status + "\n" +
		"--b\nContent-Type: text/rfc822-headers\n\n" + head + "\n--b--\n")
}

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

func TestParseBounce(t *testing.T) {
	t.Parallel()
	m := mailer(t, nil)
	const quoted = "Subject: Hei\nMessage-ID: <" + letterID + "@example.com>\n"
	said := "550 5.1.1 (address) user (name) unknown"
	verp := "bounces+" + base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(letterID)) + "@example.com"
	for _, c := range []struct {
		name, report string
		want         mail.Bounce
	}{
		{"by the quoted Message-ID", report("bounces@example.com", failed, quoted), mail.Bounce{ID: letterID, Permanent: true, Status: "5.1.1", Text: said}},
		{"by the address", report(verp, failed, ""), mail.Bounce{ID: letterID, Permanent: true, Status: "5.1.1", Text: said}},
		{"by the address in small letters", report(strings.ToLower(verp), failed, ""), mail.Bounce{ID: letterID, Permanent: true, Status: "5.1.1", Text: said}},
		{"by the address, quoting another", report(verp, failed, "Message-ID: <other@example.com>\n"), mail.Bounce{ID: letterID, Permanent: true, Status: "5.1.1", Text: said}},
		{"small letters", report("bounces@example.com", failed, strings.Replace(quoted, "Message-ID: ", "message-id:", 1)), mail.Bounce{ID: letterID, Permanent: true, Status: "5.1.1", Text: said}},
		{"another domain's capitals", report("x@example.com", failed, strings.Replace(quoted, "@example.com", "@EXAMPLE.com", 1)), mail.Bounce{ID: letterID, Permanent: true, Status: "5.1.1", Text: said}},
		{"whole letter quoted", strings.Replace(report("x@example.com", failed, quoted+"\nHei Aino!\n"), "text/rfc822-headers", "message/rfc822", 1), mail.Bounce{ID: letterID, Permanent: true, Status: "5.1.1", Text: said}},
		{"given up for now", report("x@example.com", "Action: failed\nStatus: 4.4.7 (expired)\n", quoted), mail.Bounce{ID: letterID, Status: "4.4.7"}},
		{"second address of two", report("x@example.com", "Action: delivered\nStatus: 2.0.0\n\n"+failed, quoted), mail.Bounce{ID: letterID, Permanent: true, Status: "5.1.1", Text: said}},
		{"no diagnosis", report("x@example.com", "action: FAILED\nstatus: 5.0.0\n", quoted), mail.Bounce{ID: letterID, Permanent: true, Status: "5.0.0"}},
		{"status that is none", report("x@example.com", "Action: failed\nStatus: bad\n", quoted), mail.Bounce{ID: letterID}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := m.ParseBounce(strings.NewReader(c.report))
			if err != nil || got != c.want {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, c.want)
			}
		})
	}
}

func TestWhatIsNoBounce(t *testing.T) {
	t.Parallel()
	m := mailer(t, nil)
	const ours = "Message-ID: <" + letterID + "@example.com>\n"
	for name, text := range map[string]string{
		"nothing":                   "",
		"an answer":                 crlf("From: aino@example.net\nSubject: Re: Hei\n\nKiitos!\n"),
		"a holiday notice":          crlf("From: aino@example.net\nAuto-Submitted: auto-replied\nContent-Type: text/plain\n\nOlen lomalla.\n"),
		"a delay":                   report("x@example.com", "Action: delayed\nStatus: 4.4.1\n", ours),
		"a success":                 report("x@example.com", "Action: delivered\nStatus: 2.0.0\n", ours),
		"no status":                 report("x@example.com", "", ours),
		"somebody else's letter":    report("x@example.com", failed, "Message-ID: <"+letterID+"@example.org>\n"),
		"an id that is none":        report("x@example.com", failed, "Message-ID: <../../etc@example.com>\n"),
		"an id that is too long":    report("x@example.com", failed, "Message-ID: <"+strings.Repeat("a", 33)+"@example.com>\n"),
		"no letter named":           report("bounces@example.com", failed, ""),
		"VERP of another domain":    report("bounces+85h46oavclj6eprleti6@example.org", failed, ""),
		"VERP that does not decode": report("bounces+!!@example.com", failed, ""),
		"another kind of report":    strings.Replace(report("x@example.com", failed, ours), "delivery-status\"", "disposition-notification\"", 1),
		"no boundary":               strings.Replace(report("x@example.com", failed, ours), `; boundary="b"`, "", 1),
	} {
		if got, err := m.ParseBounce(strings.NewReader(text)); !errors.Is(err, mail.ErrNoBounce) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func FuzzParseBounce(f *testing.F) {
	f.Add(report("bounces@example.com", failed, "Message-ID: <"+letterID+"@example.com>\n"))
	f.Add(reportTo("bounces+85h46oavclj6eprleti6mqbfdpm6oqbke1pn8t3ke8@example.com"))
	f.Add(crlf("Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Transfer-Encoding: base64\nContent-Type: message/delivery-status\n\n####\n--b--"))
	m := mailer(f, nil)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := m.ParseBounce(strings.NewReader(text))
		if err != nil {
			if !errors.Is(err, mail.ErrNoBounce) || got != (mail.Bounce{}) {
				t.Errorf("%+v, %v", got, err)
			}
			return
		}
		if got.ID == "" || len(got.ID) > 32 || len([]rune(got.Text)) > 200 || strings.ContainsAny(got.ID+got.Text+got.Status, "@\r\n\x00") {
			t.Errorf("believed too much: %+v", got)
		}
	})
}
