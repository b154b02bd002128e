package config

import (
	"math"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxPicture  = 20 << 10 // bytes: the login page has 30 KB altogether
	minContrast = 4.5      // WCAG 2.2 §1.4.3, level AA
)

func (v validator) brand(c *Config) {
	b := c.Brand
	if strings.TrimSpace(b.Name) == "" || len(b.Name) > 60 {
		v.add("brand.name", "must be 1 to 60 characters")
	}
	v.languages(b.Languages)
	// Local is that of the machine: two nodes would count a day's logins differently.
	if _, err := time.LoadLocation(b.TimeZone); err != nil || b.TimeZone == "" || b.TimeZone == "Local" {
		v.add("brand.time_zone", "must be a name of the IANA time zone database such as Europe/Helsinki")
	}
	if contrast, ok := contrastWithWhite(b.Accent); !ok {
		v.add("brand.accent", "must be a colour such as \"#00695c\" (in quotes)")
	} else if contrast < minContrast {
		v.add("brand.accent", "white text on it has a contrast of %.1f:1; choose a darker colour, at least %.1f:1", contrast, minContrast)
	}
	v.pictures(c)
	v.webLink("brand.stores.app_store", b.Stores.AppStore)
	v.webLink("brand.stores.google_play", b.Stores.GooglePlay)
	v.webLink("brand.stores.appgallery", b.Stores.AppGallery)
	v.webLink("brand.support.url", b.Support.URL)
	if b.Support.Email != "" {
		if address, err := mail.ParseAddress(b.Support.Email); err != nil || address.Address != b.Support.Email {
			v.add("brand.support.email", "must be an e-mail address such as support@example.com")
		}
	}
	if strings.Trim(b.Support.Phone, "+0123456789 ()-") != "" {
		v.add("brand.support.phone", "must be a phone number such as +358 20 000 0000")
	}
}

func (v validator) languages(languages []string) {
	if len(languages) == 0 {
		v.add("brand.languages", "missing; name at least one of fi, sv, en")
	}
	for i, language := range languages {
		v.oneOf(at("brand.languages", i), language, "fi", "sv", "en")
		if slices.Index(languages, language) < i {
			v.add(at("brand.languages", i), "is named twice")
		}
	}
}

// pictures checks that each picture that is named is there.
func (v validator) pictures(c *Config) {
	v.picture("brand.logo", c.Brand.Pictures, c.Brand.Logo)
	for i, b := range c.Brokers {
		for j, m := range b.Means {
			v.picture(at(at("brokers", i)+".means", j)+".logo", c.Brand.Pictures, m.Logo)
		}
	}
}

func (v validator) picture(path, folder, name string) {
	switch {
	case name == "":
		return
	case folder == "":
		v.add(path, "needs brand.pictures, the folder that it is in")
		return
	case !filepath.IsLocal(name) || !strings.HasSuffix(name, ".svg") && !strings.HasSuffix(name, ".png"):
		v.add(path, "must be the name of an .svg or .png file in brand.pictures")
		return
	}
	if info, err := os.Stat(filepath.Join(folder, name)); err != nil {
		v.add(path, "%s: %s", filepath.Join(folder, name), fileError(err))
	} else if info.Size() > maxPicture {
		v.add(path, "is larger than 20 kB: every login would wait for it")
	}
}

// webLink checks a link that pages show: nothing but https, so that a slip of the
// keyboard cannot put javascript: onto a page.
func (v validator) webLink(path, link string) {
	if link == "" {
		return
	}
	if u, err := url.Parse(link); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		v.add(path, "must be an address that begins with https://")
	}
}

// contrastWithWhite computes the contrast ratio of WCAG 2.2 between white and a
// colour "#rrggbb".
func contrastWithWhite(colour string) (float64, bool) {
	if len(colour) != 7 || colour[0] != '#' {
		return 0, false
	}
	rgb, err := strconv.ParseUint(colour[1:], 16, 24)
	if err != nil {
		return 0, false
	}
	linear := func(shift int) float64 {
		s := float64(rgb>>shift&0xff) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	luminance := 0.2126*linear(16) + 0.7152*linear(8) + 0.0722*linear(0)
	return 1.05 / (luminance + 0.05), true
}
