package broker

import (
	"testing"
	"time"
)

// BenchmarkLogin is our half of a login: request object, client assertion, decryption
// and verification. The bar of the whole service is 200 logins a second and core.
func BenchmarkLogin(b *testing.B) {
	w := newWorld(b, PresetTelia, nil)
	u := w.registry.brokers[0]
	j := w.mustBegin("metsa")
	token, back := w.idToken(), j.back()
	back.StartedAt = w.clock.Now().Add(-time.Second)
	found := u.static()
	b.ResetTimer()
	for b.Loop() {
		if _, err := u.sign(u.requestClaims(j.start, u.config.Means[0])); err != nil {
			b.Fatal(err)
		}
		if _, err := u.assertion(found); err != nil {
			b.Fatal(err)
		}
		claims, err := u.open(b.Context(), token)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := u.identify(claims, back); err != nil {
			b.Fatal(err)
		}
	}
}
