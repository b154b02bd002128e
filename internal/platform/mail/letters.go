package mail

import (
	"fmt"
	"slices"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/shown"
)

// The letters, and what Message.Data holds for each.
const (
	TemplateInvitation      = "invitation"       // Invitation
	TemplateReminder        = "reminder"         // Invitation
	TemplatePasswordReset   = "password_reset"   // PasswordReset
	TemplatePasswordChanged = "password_changed" // PasswordChanged
	TemplateNewLogin        = "new_login"        // NewLogin
	TemplateTest            = "test"             // nil
)

// Templates lists the letters.
func Templates() []string {
	return []string{
		TemplateInvitation, TemplateReminder, TemplatePasswordReset, TemplatePasswordChanged, TemplateNewLogin, TemplateTest,
	}
}

// UserKind is which kind of user a person is: it decides how they log in.
type UserKind string

// The kinds of user.
const (
	SmartumPlus UserKind = "plus"    // bank or Mobile Certificate only
	Smartum     UserKind = "smartum" // user name and password too
)

// Invitation asks a person to activate their benefits; a reminder says it again.
type Invitation struct {
	Kind       UserKind
	Name       string   // the person's first name; may be empty
	Employer   string   // as people know it
	Benefits   []string // their names in the letter's language; may be empty
	ValidUntil time.Time
	Link       string // of the activation page
}

// PasswordReset lets a person choose a new password.
type PasswordReset struct {
	Name       string // may be empty
	ValidUntil time.Time
	Link       string
}

// PasswordChanged tells a person that their password is another now.
type PasswordChanged struct {
	Name string // may be empty
	At   time.Time
	Link string // where a forgotten password is replaced
}

// NewLogin tells a person that a device has been logged in.
type NewLogin struct {
	Name   string // may be empty
	Device string // such as "Samsung Galaxy, Android"
	Method login.Method
	Place  string // may be empty
	At     time.Time
	Link   string // of the page where the person can say that it was not they
}

// write puts a letter into words.
func (m *Mailer) write(letter Message) (content, error) {
	w := &writer{mailer: m, values: map[string]any{"Brand": shown.Line(m.cfg.Brand.Name, maxName)}}
	w.out.Lang = m.texts.speaks(letter.Locale)
	w.out.Brand, w.out.Accent = m.cfg.Brand.Name, m.accent
	switch data := letter.Data.(type) {
	case Invitation:
		w.invitation(letter.Template, data)
	case PasswordReset:
		w.passwordReset(letter.Template, data)
	case PasswordChanged:
		w.passwordChanged(letter.Template, data)
	case NewLogin:
		w.newLogin(letter.Template, data)
	case nil:
		w.expect(letter.Template, TemplateTest)
		w.open("test", "")
		w.say("test.what")
	default:
		return content{}, fmt.Errorf("%w: data of type %T", ErrMessage, letter.Data)
	}
	w.help()
	return w.out, w.err
}

func (w *writer) expect(got string, want ...string) {
	if slices.Contains(want, got) {
		return
	}
	w.fail("the template does not belong to the data")
}

// The longest names that letters show, in characters.
const (
	maxName = 60
	maxLine = 100
)

// open writes what every letter begins with.
func (w *writer) open(key, name string) {
	w.out.Subject = w.text(key + ".subject")
	w.out.Glance = w.text(key + ".glance")
	w.out.Heading = w.text(key + ".heading")
	if name = unlinked(name, maxName); name != "" {
		w.out.Greeting = w.text("letter.hello_name", "Name", name)
	} else {
		w.out.Greeting = w.text("letter.hello")
	}
}

func (w *writer) invitation(template string, d Invitation) {
	w.expect(template, TemplateInvitation, TemplateReminder)
	if d.Kind != SmartumPlus && d.Kind != Smartum {
		w.fail("unknown kind of user")
		return
	}
	kind := "kind." + string(d.Kind)
	w.values["Employer"] = unlinked(d.Employer, maxLine)
	w.values["Kind"] = w.text(kind + ".name")
	w.open(template, d.Name)
	w.say(template + ".what")
	if len(d.Benefits) > 0 {
		w.title("invitation.benefits")
		list := make([]string, 0, len(d.Benefits))
		for _, benefit := range d.Benefits {
			list = append(list, unlinked(benefit, maxLine))
		}
		w.add(block{List: list})
	}
	w.say("invitation.how")
	w.button("invitation.go", d.Link)
	w.quiet("invitation.until", "Until", w.moment(d.ValidUntil))
	w.title("kind.title")
	w.say(kind + ".login")
	w.title("letter.foreign")
	w.say("invitation.foreign")
}

func (w *writer) passwordReset(template string, d PasswordReset) {
	w.expect(template, TemplatePasswordReset)
	w.open(template, d.Name)
	w.say("password_reset.what")
	w.button("password_reset.go", d.Link)
	w.quiet("password_reset.until", "Until", w.moment(d.ValidUntil))
	w.title("password_reset.foreign_title")
	w.say("password_reset.foreign")
}

func (w *writer) passwordChanged(template string, d PasswordChanged) {
	w.expect(template, TemplatePasswordChanged)
	w.open(template, d.Name)
	w.say("password_changed.what", "At", w.moment(d.At))
	w.say("letter.fine")
	w.title("password_changed.foreign_title")
	w.say("password_changed.foreign")
	w.button("password_reset.go", d.Link)
}

func (w *writer) newLogin(template string, d NewLogin) {
	w.expect(template, TemplateNewLogin)
	w.open(template, d.Name)
	w.say("new_login.what")
	facts := []fact{
		{w.text("new_login.device"), unlinked(d.Device, maxLine)},
		{w.text("new_login.method"), w.text("method." + string(d.Method))},
		{w.text("new_login.time"), w.moment(d.At)},
	}
	if d.Place != "" {
		facts = append(facts, fact{w.text("new_login.place"), unlinked(d.Place, maxLine)})
	}
	w.add(block{Facts: facts})
	w.say("letter.fine_login")
	w.title("new_login.foreign_title")
	w.say("new_login.foreign")
	w.button("new_login.go", d.Link)
}

// help closes every letter: who sends it, and who helps.
func (w *writer) help() {
	brand := w.mailer.cfg.Brand
	w.out.Help = help{
		Title: w.text("help.title"), Email: brand.Email, Phone: brand.Phone, URL: brand.Help, Sent: w.text("help.sent"),
	}
	if brand.Email == "" && brand.Phone == "" && brand.Help == "" {
		w.out.Help.Title = ""
	}
}
