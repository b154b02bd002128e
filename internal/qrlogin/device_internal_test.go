package qrlogin

import (
	"testing"

	"avain/internal/login"
)

func TestDeviceOf(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]login.Device{
		"":                         {},
		"Pixel 9":                  {Model: "Pixel 9"},
		"Ainon puhelin":            {Name: "Ainon puhelin"},
		"Ainon puhelin (Pixel 9a)": {Name: "Ainon puhelin", Model: "Pixel 9a"},
		"Chrome, Pixel 9":          {Name: "Chrome, Pixel 9", Model: "Pixel 9"},
	} {
		if got := deviceOf(d); got != want {
			t.Errorf("%+v is %q, want %q", d, got, want)
		}
	}
}
