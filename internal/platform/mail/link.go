package mail

import (
	"errors"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"avain/internal/domain/shown"
)

var errForeignLink = errors.New("a link leads away from the service's own address")

// home refuses a link that does not begin with the configured address (threat 19):
// whoever made it may have believed a Host header.
func (m *Mailer) home(link string) error {
	base := m.cfg.BaseURL.Scheme + "://" + m.cfg.BaseURL.Host
	u, err := url.Parse(link)
	if err != nil || !strings.HasPrefix(link, base+"/") || u.Scheme != m.cfg.BaseURL.Scheme || u.Host != m.cfg.BaseURL.Host || u.User != nil {
		return errForeignLink
	}
	for _, r := range link {
		// A backslash is a slash to some browsers; a blank ends the link in the text part.
		if r == '\\' || r > unicode.MaxASCII || unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`"<>`, r) {
			return errForeignLink
		}
	}
	return nil
}

var anyLink = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://[^\s"'<>]*`)

// linksOnlyHome is the second lock of threat 19: whatever templates and texts become
// one day, no letter leaves that holds an address of somebody else.
func (m *Mailer) linksOnlyHome(l Letter) error {
	for _, part := range []string{l.Subject, l.Text, html.UnescapeString(l.HTML)} {
		for _, link := range anyLink.FindAllString(part, -1) {
			if link != m.cfg.Brand.Help && m.home(link) != nil {
				return fmt.Errorf("%w: %w", ErrMessage, errForeignLink)
			}
		}
	}
	return nil
}

// joint is invisible and tells mail programs that what stands around it is no
// address: they turn "evil.example" in a name into a link by themselves.
const joint = "\u2060"

var linkJoint = regexp.MustCompile(`([\pL\pN])([.:@/])([\pL\pN/])`)

// unlinked makes a text that an employer or a person has chosen fit for a letter: one
// line of reasonable length, in which nothing becomes a link. Many a service has
// carried somebody's advertising in the names of its invitations.
func unlinked(s string, limit int) string {
	s = shown.Line(s, limit)
	for range 2 { // matches touch each other: "a.b.c"
		s = linkJoint.ReplaceAllString(s, "$1$2"+joint+"$3")
	}
	return shown.Apart(s)
}
