package web_test

import (
	"maps"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"avain/internal/platform/web"
)

// callerSeen is the network key that a handler sees.
func callerSeen(t testing.TB, kit testKit, remote string, header http.Header) (key string, addr netip.Addr) {
	t.Helper()
	r := get("/")
	r.RemoteAddr = remote
	maps.Copy(r.Header, header)
	kit.serve("GET /", kit.Problem(func(w http.ResponseWriter, r *http.Request) error {
		key, addr = web.NetworkKey(r.Context()), web.ClientIP(r.Context())
		w.WriteHeader(http.StatusNoContent)
		return nil
	}), r)
	return key, addr
}

func TestCallerBehindProxies(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	const xff, fwd = "X-Forwarded-For", "Forwarded"
	for name, tc := range map[string]struct {
		use    string // header configured
		remote string
		header http.Header
		want   string
	}{
		"direct":                               {xff, "203.0.113.7:1", nil, "203.0.113.7/32"},
		"direct, lies":                         {xff, "203.0.113.7:1", http.Header{xff: {"198.51.100.1"}}, "203.0.113.7/32"},
		"one proxy":                            {xff, "10.0.0.1:1", http.Header{xff: {"203.0.113.7"}}, "203.0.113.7/32"},
		"one proxy, caller lies":               {xff, "10.0.0.1:1", http.Header{xff: {"198.51.100.1, 203.0.113.7"}}, "203.0.113.7/32"},
		"caller claims to be a proxy":          {xff, "10.0.0.1:1", http.Header{xff: {"198.51.100.1, 10.9.9.9, 203.0.113.7"}}, "203.0.113.7/32"},
		"two proxies":                          {xff, "10.0.0.1:1", http.Header{xff: {"203.0.113.7, 10.0.0.2"}}, "203.0.113.7/32"},
		"two header lines":                     {xff, "10.0.0.1:1", http.Header{xff: {"198.51.100.1", "203.0.113.7"}}, "203.0.113.7/32"},
		"from inside":                          {xff, "10.0.0.1:1", http.Header{xff: {"10.0.0.3"}}, "10.0.0.3/32"},
		"no header":                            {xff, "10.0.0.1:1", nil, "10.0.0.1/32"},
		"garbage":                              {xff, "10.0.0.1:1", http.Header{xff: {"203.0.113.7, who knows"}}, "10.0.0.1/32"},
		"garbage behind a proxy":               {xff, "10.0.0.1:1", http.Header{xff: {"'; drop table, 10.0.0.2"}}, "10.0.0.2/32"},
		"port":                                 {xff, "10.0.0.1:1", http.Header{xff: {"203.0.113.7:4711"}}, "203.0.113.7/32"},
		"IPv6 is a /64":                        {xff, "10.0.0.1:1", http.Header{xff: {"2001:db8:1:2:3:4:5:6"}}, "2001:db8:1:2::/64"},
		"IPv6 in brackets":                     {xff, "[fd00::1]:1", http.Header{xff: {"[2001:db8:1:2::9]:4711"}}, "2001:db8:1:2::/64"},
		"IPv4 in IPv6":                         {xff, "[::ffff:10.0.0.1]:1", http.Header{xff: {"::ffff:203.0.113.7"}}, "203.0.113.7/32"},
		"zone":                                 {xff, "[fe80::1%eth0]:1", nil, "fe80::/64"},
		"no remote address":                    {xff, "@", nil, "unknown"},
		"the other header is not read":         {xff, "10.0.0.1:1", http.Header{fwd: {"for=198.51.100.1"}, xff: {"203.0.113.7"}}, "203.0.113.7/32"},
		"forwarded":                            {fwd, "10.0.0.1:1", http.Header{fwd: {`for=198.51.100.1, for=203.0.113.7;proto=https`}}, "203.0.113.7/32"},
		"forwarded, IPv6":                      {fwd, "10.0.0.1:1", http.Header{fwd: {`By=10.0.0.1;FOR="[2001:db8:1:2::9]:80"`}}, "2001:db8:1:2::/64"},
		"forwarded, hidden":                    {fwd, "10.0.0.1:1", http.Header{fwd: {`for=_hidden`}}, "10.0.0.1/32"},
		"forwarded, only X-Forwarded-For sent": {fwd, "10.0.0.1:1", http.Header{xff: {"198.51.100.1"}}, "10.0.0.1/32"},
	} {
		kit := newKit(t, func(c *web.Config) { c.TrustedProxies, c.ProxyHeader = trusted, tc.use })
		if got, _ := callerSeen(t, kit, tc.remote, tc.header); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

// Ranges of IPv4 addresses may be written as IPv6 ones; callers come as either.
func TestThreat55MappedRangesOfProxies(t *testing.T) {
	t.Parallel()
	for trusted, remotes := range map[string]map[string]string{
		"::ffff:10.0.0.0/120": {
			"10.0.0.1:1": "203.0.113.7/32", "[::ffff:10.0.0.1]:1": "203.0.113.7/32", "10.0.1.1:1": "10.0.1.1/32", "[::a00:1]:1": "::/64",
		},
		"10.0.0.0/24": {"[::ffff:10.0.0.1]:1": "203.0.113.7/32", "[::ffff:10.0.1.1]:1": "10.0.1.1/32"},
	} {
		kit := newKit(t, func(c *web.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(trusted)} })
		for remote, want := range remotes {
			if got, _ := callerSeen(t, kit, remote, http.Header{"X-Forwarded-For": {"203.0.113.7"}}); got != want {
				t.Errorf("%s trusted, from %s: %s, want %s", trusted, remote, got, want)
			}
		}
	}
}

// FuzzForwardedFor: what a caller writes left of the address that our proxy appended
// never decides whose budget is spent, and nothing panics.
func FuzzForwardedFor(f *testing.F) {
	for _, seed := range []string{
		"", ",", "198.51.100.1", "10.0.0.9", "for=10.0.0.9", `for="[::1]"`, "::ffff:10.0.0.1", "fe80::1%eth0",
		strings.Repeat("10.0.0.1,", 5000), "\x00", "1.2.3.4:99999", "[", "]", `";`,
	} {
		f.Add(seed)
	}
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	plain := newKit(f, func(c *web.Config) { c.TrustedProxies = trusted })
	standard := newKit(f, func(c *web.Config) { c.TrustedProxies, c.ProxyHeader = trusted, "Forwarded" })
	f.Fuzz(func(t *testing.T, written string) {
		if got, _ := callerSeen(t, plain, "10.0.0.1:1", http.Header{"X-Forwarded-For": {written + ", 203.0.113.7"}}); got != "203.0.113.7/32" {
			t.Errorf("X-Forwarded-For %q moved the caller to %s", written, got)
		}
		if got, _ := callerSeen(t, standard, "10.0.0.1:1", http.Header{"Forwarded": {written, "for=203.0.113.7"}}); got != "203.0.113.7/32" {
			t.Errorf("Forwarded %q moved the caller to %s", written, got)
		}
		if got, addr := callerSeen(t, plain, "198.51.100.9:1", http.Header{"X-Forwarded-For": {written}}); got != "198.51.100.9/32" || !addr.IsValid() {
			t.Errorf("a stranger's header %q moved the caller to %s", written, got)
		}
		callerSeen(t, plain, "10.0.0.1:1", http.Header{"X-Forwarded-For": {written}})
		callerSeen(t, standard, "10.0.0.1:1", http.Header{"Forwarded": {written}})
	})
}
