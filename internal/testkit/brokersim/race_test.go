package brokersim_test

import (
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"avain/internal/testkit/brokersim"
)

// Of many who present one code at once, one gets the token.
func TestConcurrentRedeem(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	code := p.returned(p.atBank(p.visit(nil), "aino")).Get("code")
	forms := make([]url.Values, 16)
	for i := range forms {
		forms[i] = p.tokenForm(code)
	}
	var winners atomic.Int32
	var group sync.WaitGroup
	for _, form := range forms {
		group.Go(func() {
			res, err := p.app.PostForm(p.sim.Endpoints().Token, form)
			if err != nil {
				t.Error(err)
				return
			}
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				winners.Add(1)
			}
		})
	}
	group.Wait()
	if n := winners.Load(); n != 1 {
		t.Errorf("%d tokens for one code", n)
	}
}

// Of many clicks on the last button at once, each gets the same answer.
func TestConcurrentClicks(t *testing.T) {
	t.Parallel()
	p := newParty(t, brokersim.OP)
	visit := p.visit(map[string]any{"ftn_idp_id": "fi-koivu"})
	p.press(visit, "user", url.Values{"user": {"aino"}})
	var seen sync.Map
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			res, err := p.browser.PostForm(visit+"/confirm", url.Values{})
			if err != nil {
				t.Error(err)
				return
			}
			_ = res.Body.Close()
			seen.Store(res.Header.Get("Location"), true)
		})
	}
	group.Wait()
	answers := 0
	seen.Range(func(to, _ any) bool {
		answers++
		address, _ := to.(string)
		if p.returned(address).Get("code") == "" {
			t.Errorf("led to %q", to)
		}
		return true
	})
	if answers != 1 {
		t.Errorf("%d different answers", answers)
	}
}

// BenchmarkAutoApprove is what one login costs the simulator: the request object, the
// assertion and the nested id_token.
func BenchmarkAutoApprove(b *testing.B) {
	sim, err := brokersim.New(brokersim.Config{
		BaseURL: "http://broker.example", Dialect: brokersim.OP, Keys: brokerKeys(), Now: newClock().now, AutoApprove: 1000,
		Client: brokersim.Client{ID: clientID, RedirectURIs: []string{returnURI}, Keys: brokersim.ClientKeys{JWKS: staticKeys()}},
	})
	if err != nil {
		b.Fatal(err)
	}
	p := &party{T: &testing.T{}, sim: sim, speech: speeches[brokersim.OP], clock: newClock(), signing: rsaKeys()[4], sigKid: "our-sig"}
	for b.Loop() {
		b.StopTimer()
		request := p.sign(p.claims(nil))
		b.StartTimer()
		w := serve(b.Context(), sim, http.MethodGet, sim.Endpoints().Authorize+"?request="+request, nil)
		to, err := url.Parse(w.Header().Get("Location"))
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		form := p.tokenForm(to.Query().Get("code"))
		b.StartTimer()
		if w := serve(b.Context(), sim, http.MethodPost, sim.Endpoints().Token, form); w.Code != http.StatusOK {
			b.Fatal(w.Code, w.Body)
		}
	}
}
