package console

import (
	"embed"
	"io/fs"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"avain/internal/domain/staff"
	"avain/internal/platform/web"
)

//go:embed templates/*.html
var templateFiles embed.FS

// navItem leads to a part of the console.
type navItem struct {
	Path, Text string
	least      staff.Role
	Current    bool
}

// AddNav adds a part to the navigation, for whoever has at least the role: its path with
// [Root], and the key of the text that names it.
func (c *Console) AddNav(path, textKey string, least staff.Role) {
	c.nav = append(c.nav, navItem{Path: path, Text: textKey, least: least})
	// What everybody needs stands first, whoever mounts when.
	slices.SortStableFunc(c.nav, func(a, b navItem) int {
		return slices.Index(staff.Roles(), a.least) - slices.Index(staff.Roles(), b.least)
	})
}

// Template is a page of the console, parsed when it is first shown: a node on which
// nobody opens the console has no memory to spare for it. One of the files defines "main",
// as pages of [web.Kit.Template] do.
func (c *Console) Template(files fs.FS, names ...string) func() (*web.Template, error) {
	return sync.OnceValues(func() (*web.Template, error) {
		frame, err := c.frame()
		if err != nil {
			return nil, err
		}
		return frame.Over(files, names...)
	})
}

// framed is what frame.html shows around a page.
type framed struct {
	Page any
	Who  Agent // empty when nobody is signed in
	Nav  []navItem
	Done string // key of the text that says what has just been done
	Wide bool
	News []told // passkeys that others have made
	Seen string // up to which they were told
	Self string // where the page that tells them is
}

// Render shows a page of the console to who is signed in.
func (c *Console) Render(w http.ResponseWriter, r *http.Request, who Agent, status int, page web.Page) error {
	f, elsewhere := framed{Page: page.Data, Who: who, Done: c.done(w, r)}, false
	f.News, f.Seen = c.news(r.Context(), r, who)
	if f.Self = Root; r.Method == http.MethodGet {
		f.Self = r.URL.Path
	}
	for _, item := range append(slices.Clone(c.nav), navItem{Path: Root + "staff", Text: "console.staff", least: staff.RoleOperator}) {
		if who.Role.Covers(item.least) {
			item.Current = item.Path == r.URL.Path || item.Path != Root && strings.HasPrefix(r.URL.Path, item.Path)
			elsewhere = elsewhere || item.Current
			f.Nav = append(f.Nav, item)
		}
	}
	for i := range f.Nav { // people and logins are found from the first page
		f.Nav[i].Current = f.Nav[i].Current || !elsewhere && f.Nav[i].Path == Root && r.URL.Path != Root+"passkeys"
	}
	page.Data, page.Scripts, page.Passkeys = f, true, true
	return c.d.Web.Render(w, r, status, page)
}

// flashLife outlasts one redirect.
const flashLife = time.Minute

var flashKey = regexp.MustCompile(`^[a-z_]+\.done_[a-z_]+$`)

// Done goes to a path after an act and says there what was done. The text's key has the
// form "part.done_what".
func (c *Console) Done(w http.ResponseWriter, path, textKey string) error {
	c.cookies.set(w, cookieFlash, textKey, flashLife)
	return web.SeeOther(w, path)
}

func (c *Console) done(w http.ResponseWriter, r *http.Request) string {
	key, ok := c.cookies.read(r, cookieFlash)
	if !ok {
		return ""
	}
	c.cookies.set(w, cookieFlash, "", 0)
	if !flashKey.MatchString(key) || !c.d.Web.HasText(key) {
		return ""
	}
	return key
}
