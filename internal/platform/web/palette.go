package web

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
)

var hexColour = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

type colour struct{ r, g, b float64 } // 0..1

// minContrast is what WCAG 2.2 AA asks of text (criterion 1.4.3).
const minContrast = 4.5

// palette is the style sheet's tail that sets the operator's accent: as it is on
// light pages, lightened until it can be read on dark ones. Empty for no accent.
func palette(accent string) (string, error) {
	if accent == "" {
		return "", nil
	}
	if !hexColour.MatchString(accent) {
		return "", fmt.Errorf("accent %q is not of the form #rrggbb", accent)
	}
	light := parseColour(accent)
	white, dark := colour{1, 1, 1}, parseColour(darkSurface)
	if c := contrast(light, white); c < minContrast {
		return "", fmt.Errorf("accent %s: contrast with white is %.1f, at least %.1f is needed to be readable", accent, c, minContrast)
	}
	onDark := light
	for contrast(onDark, dark) < minContrast+2 {
		onDark = onDark.mix(white, 0.06)
	}
	return fmt.Sprintf(
		":root{--accent:%s;--accent-strong:%s}@media(prefers-color-scheme:dark){:root{--accent:%s;--accent-strong:%s}}",
		light, light.mix(colour{}, 0.2), onDark, onDark.mix(white, 0.25)), nil
}

// darkSurface is the lightest surface of dark pages, as in style.css.
const darkSurface = "#16262a"

func parseColour(s string) colour {
	n, _ := strconv.ParseUint(s[1:], 16, 32) // the form is checked by hexColour
	return colour{float64(n>>16&255) / 255, float64(n>>8&255) / 255, float64(n&255) / 255}
}

func (c colour) String() string {
	return fmt.Sprintf("#%02x%02x%02x", channel(c.r), channel(c.g), channel(c.b))
}

func channel(v float64) int { return int(math.Round(v * 255)) }

func (c colour) mix(with colour, part float64) colour {
	return colour{c.r + (with.r-c.r)*part, c.g + (with.g-c.g)*part, c.b + (with.b-c.b)*part}
}

// contrast is the ratio of WCAG 2.2.
func contrast(a, b colour) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func (c colour) luminance() float64 {
	linear := func(v float64) float64 {
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.r) + 0.7152*linear(c.g) + 0.0722*linear(c.b)
}
