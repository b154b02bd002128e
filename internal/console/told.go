package console

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/web"
)

// Everybody with a role is told who else can use it: whoever has got a passkey in by
// tricking one of them is seen by the others. The staff have no mail addresses here; the
// notice stands on every page until they have said that they have seen it.

// toldFor is how long a new passkey is told of.
const toldFor = 7 * 24 * time.Hour

// cookieSeen holds up to when somebody has seen what is told, in this browser: in
// another, which may be a thief's, it is told on.
const cookieSeen = "avain-console-seen"

// told is one new passkey.
type told struct {
	Name    string // whose
	Browser string // in which it was made
	At      time.Time
	Mine    bool
}

// news are the passkeys of those whose role the reader has or covers that were made of late
// and not in the session that reads; and a value for the button that ends telling it.
func (c *Console) news(ctx context.Context, r *http.Request, who Agent) (all []told, until string) {
	if who.ID == "" {
		return nil, ""
	}
	since := c.d.Now().Add(-toldFor)
	if value, ok := c.cookies.read(r, cookieSeen); ok {
		if ms, err := strconv.ParseInt(value, 10, 64); err == nil && time.UnixMilli(ms).After(since) {
			since = time.UnixMilli(ms)
		}
	}
	made, err := c.d.Passkeys.PasskeysSince(ctx, since)
	if err != nil {
		return nil, "" // it is only shown: the page goes on without it
	}
	for _, m := range made {
		if !who.Role.Covers(m.Staff.Role) || m.Passkey.ID == who.passkey {
			continue
		}
		all = append(all, told{
			Name: m.Staff.Name, Browser: m.Passkey.Name, At: m.Passkey.CreatedAt, Mine: m.Staff.ID == who.ID,
		})
		until = strconv.FormatInt(m.Passkey.CreatedAt.UnixMilli(), 10)
	}
	return all, until
}

// seen ends telling, up to what stood on the page.
func (c *Console) seen(w http.ResponseWriter, r *http.Request, _ Agent) error {
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, login.ReasonRequestInvalid, err)
	}
	until := r.PostForm.Get("until")
	if ms, err := strconv.ParseInt(until, 10, 64); err != nil || time.UnixMilli(ms).After(c.d.Now()) { // what has not happened is not seen
		return fault.New(fault.Invalid, login.ReasonRequestInvalid, err)
	}
	c.cookies.set(w, cookieSeen, until, toldFor)
	return web.SeeOther(w, ownPage(r.PostForm.Get("back")))
}
