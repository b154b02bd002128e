package mail_test

import (
	"encoding/base32"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"avain/internal/platform/mail"
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
	verp := verpOf(letterID)
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
		"somebody else's letter":    report("x@example.com", failed, "Message-ID: <"+letterID+"@example.org>\n"),
		"an id that is none":        report("x@example.com", failed, "Message-ID: <../../etc@example.com>\n"),
		"an id that is too long":    report("x@example.com", failed, "Message-ID: <"+strings.Repeat("a", 33)+"@example.com>\n"),
		"no letter named":           report("bounces@example.com", failed, ""),
		"VERP of another domain":    report("bounces+85h46oavclj6eprleti6@example.org", failed, ""),
		"VERP that does not decode": report("bounces+!!@example.com", failed, ""),
		"another kind of report":    strings.Replace(report("x@example.com", failed, ours), "delivery-status\"", "disposition-notification\"", 1),
	} {
		if got, err := m.ParseBounce(strings.NewReader(text)); !errors.Is(err, mail.ErrNoBounce) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// addressed is a report that only its envelope says the letter of, in one of the fields
// in which servers keep it.
func addressed(field, report string) string {
	return field + ": <" + verpOf(letterID) + ">\n" + report
}

func verpOf(id string) string {
	return "bounces+" + base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(id)) + "@example.com"
}

// samples are reports as servers and gateways write them, reconstructed in their forms and
// by their published sentences.
func samples(t testing.TB, kind string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", "bounces", kind, "*.eml"))
	if err != nil || len(names) < 10 {
		t.Fatalf("%d samples, %v", len(names), err)
	}
	all := make(map[string]string, len(names))
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(name), ".eml")] = string(text)
	}
	return all
}

var envelopeFields = []string{"Envelope-To", "X-Envelope-To", "Delivered-To", "X-Original-To", "To", "delivered-to", "X-Delivered-To"}

// Every report of a failure is read, in whatever shape it comes, whatever ends its lines
// and whichever field keeps its envelope.
func TestFailuresInEveryShape(t *testing.T) {
	t.Parallel()
	m := mailer(t, nil)
	want := func(name string) (status string, permanent bool) {
		switch name {
		case "exchange-2003", "domino":
			return "", false
		case "exim-without-a-code", "mdaemon":
			return "", name == "exim-without-a-code"
		case "qmail-gave-up":
			return "4.4.1", false
		}
		return "5.1.1", true
	}
	for name, text := range samples(t, "failed") {
		for i, end := range []string{"\n", "\r\n", "\r"} {
			for _, field := range envelopeFields {
				report := strings.ReplaceAll(addressed(field, text), "\n", end)
				got, err := m.ParseBounce(strings.NewReader(report))
				status, permanent := want(name)
				if err != nil || got.ID != letterID || got.Status != status || got.Permanent != permanent {
					t.Errorf("%s, line end %d, %s: %+v, %v; want status %q, permanent %t", name, i, field, got, err, status, permanent)
				}
				if got.Text == "" || strings.Contains(got.Text, "@") || strings.Contains(got.Text, "aino") {
					t.Errorf("%s: kept is %q", name, got.Text)
				}
			}
		}
	}
}

// A letter that is late, has arrived, was answered by a machine or complained about is
// never one that failed.
func TestWhatSoundsLikeAFailure(t *testing.T) {
	t.Parallel()
	m := mailer(t, nil)
	for name, text := range samples(t, "other") {
		for _, field := range envelopeFields {
			if got, err := m.ParseBounce(strings.NewReader(crlf(addressed(field, text)))); !errors.Is(err, mail.ErrNoBounce) {
				t.Errorf("%s, %s: %+v, %v", name, field, got, err)
			}
		}
	}
}

// Without an address of its own for each letter, the letter that a report quotes in its
// text names itself.
func TestQuotedInText(t *testing.T) {
	t.Parallel()
	m := mailer(t, nil)
	all := samples(t, "failed")
	for _, name := range []string{"qmail", "exim", "sendmail-5", "office-365-text", "gmail", "yahoo", "opensmtpd", "dragonfly", "postfix-before-2.3"} {
		got, err := m.ParseBounce(strings.NewReader(crlf("To: bounces@example.com\n" + all[name])))
		if err != nil || got.ID != letterID {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	returned := strings.ReplaceAll(all["qmail"], "Message-ID: <"+letterID+"@example.com>\n", "")
	returned = strings.Replace(returned, "<bounces@example.com>", "<"+verpOf(letterID)+">", 1)
	if got, err := m.ParseBounce(strings.NewReader(returned)); err != nil || got.ID != letterID {
		t.Errorf("by the sender that the quote names: %+v, %v", got, err)
	}
	if got, err := m.ParseBounce(strings.NewReader("In-Reply-To: <" + letterID + "@example.com>\n" + all["mixed"])); err != nil || got.ID != letterID {
		t.Errorf("by what the report answers: %+v, %v", got, err)
	}
}

// Reports that somebody made to keep us busy end soon, and say nothing.
func TestReportsAreBounded(t *testing.T) {
	t.Parallel()
	m := mailer(t, nil)
	inner := strings.SplitN(samples(t, "failed")["mixed"], "\n", 2)[1]
	deep := inner
	for range 1000 {
		deep = "Content-Type: message/rfc822\n\n" + deep
	}
	nested := "Content-Type: multipart/mixed; boundary=\"x\"\n\n" + strings.Repeat("--x\nContent-Type: multipart/mixed; boundary=\"x\"\n\n", 20_000) + inner
	many := "Content-Type: multipart/mixed; boundary=\"x\"\n\n" + strings.Repeat("--x\n\n\n", 100_000) + "--x\n" + inner
	for name, text := range map[string]string{
		"letter in letter": deep, "parts in parts": nested, "many parts": many,
		"endless head":      strings.Repeat("a: b\n", 250_000),
		"endless field":     "Subject: " + strings.Repeat("x\n ", 300_000),
		"endless status":    "Content-Type: message/delivery-status\n\n" + strings.Repeat("Action: delayed\n\n", 60_000) + failed,
		"endless addresses": "Delivered-To: " + strings.Repeat("a@b.example, ", 80_000),
		"marks in marks":    "From: mailer-daemon\nContent-Type: text/html\n\n" + strings.Repeat("<style>", 140_000),
		"one long word":     "From: mailer-daemon\n\n" + strings.Repeat("a", 1_000_000),
		"half a word":       "From: mailer-daemon\nSubject: " + strings.Repeat("=?utf-8?q?a?= ", 70_000) + "\n\n",
		"beyond the end":    strings.Repeat("\n", 1<<20) + inner,
	} {
		if got, err := m.ParseBounce(strings.NewReader(addressed("Delivered-To", text))); !errors.Is(err, mail.ErrNoBounce) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func FuzzParseBounce(f *testing.F) {
	f.Add(report("bounces@example.com", failed, "Message-ID: <"+letterID+"@example.com>\n"))
	f.Add(reportTo("bounces+85h46oavclj6eprleti6mqbfdpm6oqbke1pn8t3ke8@example.com"))
	f.Add(crlf("Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Transfer-Encoding: base64\nContent-Type: message/delivery-status\n\n####\n--b--"))
	m := mailer(f, nil)
	for _, kind := range []string{"failed", "other"} {
		for _, text := range samples(f, kind) {
			f.Add(addressed("Delivered-To", text))
		}
	}
	status := regexp.MustCompile(`^([245]\.\d{1,3}\.\d{1,3})?$`)
	address := regexp.MustCompile(`\w@\w`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := m.ParseBounce(strings.NewReader(text))
		if err != nil {
			if !errors.Is(err, mail.ErrNoBounce) || got != (mail.Bounce{}) {
				t.Errorf("%+v, %v", got, err)
			}
			return
		}
		if got.ID == "" || len(got.ID) > 32 || len([]rune(got.Text)) > 200 || strings.ContainsAny(got.ID+got.Text+got.Status, "\r\n\x00") ||
			!status.MatchString(got.Status) || !utf8.ValidString(got.Text) || address.MatchString(got.Text) {
			t.Errorf("believed too much: %+v", got)
		}
	})
}
