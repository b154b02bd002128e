package config_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A proxy that everybody can be is none: who is in the range chooses the address that
// limits count by.
func TestThreat55ProxiesThatAreStrangers(t *testing.T) {
	t.Parallel()
	for ranges, want := range map[string]string{
		"0.0.0.0/0":                     "would trust everybody",
		"::/0":                          "would trust everybody",
		"::ffff:0.0.0.0/96":             "would trust everybody",
		"::ffff:10.0.0.0/95":            "would trust everybody",
		"0.0.0.0/1, 128.0.0.0/1":        "trusted_proxies[1]: trusts too much",
		"8.0.0.0/7":                     "trusts too much",
		"8.0.0.0/5":                     "trusts too much", // 10.0.0.0/8 is within
		"203.0.0.0/9":                   "trusts too much",
		"192.0.0.0/8":                   "trusts too much",
		"2000::/3":                      "trusts too much",
		"2000::/23":                     "trusts too much",
		"::/8":                          "trusts too much", // with every mapped address
		strings.Join(pieces(64), ", "):  "together trust too much",
		"10.0.0.1":                      "must be a range of addresses",
		"10.0.0.0/8":                    "",
		"172.16.0.0/12, fc00::/7":       "",
		"100.64.0.0/10, 192.168.0.0/16": "",
		"127.0.0.0/8, ::1/128":          "",
		"::ffff:10.0.0.0/120":           "",
		"104.16.0.0/13, 2400:cb00::/32": "", // a content delivery network
		"104.64.0.0/10, 2600:1400::/24": "", // a very large one
		"203.0.113.7/32":                "",
	} {
		_, err := load(t, folder(t), strings.Replace(minimal, "public:", `public: # `+"\n  trusted_proxies: [\""+strings.ReplaceAll(ranges, ", ", `", "`)+"\"]", 1))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.60s: want %q, got:\n%v", ranges, want, err)
		}
	}
}

// pieces is the whole internet in n ranges of the widest kind that may be trusted by itself.
func pieces(n int) (ranges []string) {
	for i := range n {
		ranges = append(ranges, netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(i / 4), byte(i % 4 * 64)}), 10).String())
	}
	return ranges
}

// Ranges that are written as IPv4 in IPv6 are those that they mean.
func TestThreat55MappedRanges(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	rapid.Check(t, func(r *rapid.T) {
		four := netip.AddrFrom4([4]byte{10, rapid.Byte().Draw(r, "b"), rapid.Byte().Draw(r, "c"), rapid.Byte().Draw(r, "d")})
		plain := netip.PrefixFrom(four, rapid.IntRange(8, 32).Draw(r, "bits"))
		mapped := netip.PrefixFrom(netip.AddrFrom16(four.As16()), plain.Bits()+96)
		c, err := load(t, dir, strings.Replace(minimal, "public:", "public:\n  trusted_proxies: [\""+mapped.String()+"\"]", 1))
		if err != nil || !slices.Equal(c.Public.TrustedProxies, []netip.Prefix{plain}) {
			r.Fatalf("%s became %v: %v", mapped, c.Public.TrustedProxies, err)
		}
	})
}

// Where the internet comes in, a forgotten line must not let test people in.
func TestThreat55TestPeopleOnTheInternet(t *testing.T) {
	t.Parallel()
	https := strings.Replace(minimal, "base_url: http://localhost:8080", "base_url: https://login.example.com\n  trusted_proxies: [10.0.0.0/24]", 1)
	says := func(text, production string) string {
		if production == "true" {
			text = strings.Replace(text, "test.idura.broker", "example.idura.broker", 1)
		}
		return strings.Replace(text, "preset: idura", "preset: idura\n    production: "+production, 1)
	}
	other := strings.NewReplacer("id: idura", "id: other", "{id: nordea, name: Nordea}", "{id: metsa, name: Metsäpankki}")
	_, brokers, _ := strings.Cut(minimal, "brokers:\n")
	mixed := says(https, "true") + other.Replace(strings.Replace(brokers, "preset: idura", "preset: idura\n    production: false", 1))
	for name, tc := range map[string]struct{ text, mistake, warning string }{
		"forgotten":       {https, "brokers[0].production: missing; write true", ""},
		"real people":     {says(https, "true"), "", ""},
		"a test service":  {says(https, "false"), "", "brokers[0].production: lets test people in"},
		"both in one":     {mixed, "brokers[1].production: must be true, as that of brokers[0]", ""},
		"on this machine": {minimal, "", ""},
		"https on it":     {strings.Replace(https, "login.example.com", "localhost:8443", 1), "", ""},
		"real, plain":     {says(minimal, "true"), "brokers[0].production: needs public.base_url with https", ""},
	} {
		c, err := load(t, folder(t), tc.text)
		if (tc.mistake == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tc.mistake) {
			t.Errorf("%s: want %q, got:\n%v", name, tc.mistake, err)
		}
		if got := c.Warnings.Error(); tc.warning != "" && !strings.Contains(got, tc.warning) || tc.warning == "" && strings.Contains(got, "production") {
			t.Errorf("%s: want a warning of %q, got:\n%s", name, tc.warning, got)
		}
	}
}
