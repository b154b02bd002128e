package broker

import (
	"net/http"
	"testing"

	"avain/internal/platform/bcp195/bcp195test"
)

func TestBrokersMeetBCP195(t *testing.T) {
	t.Parallel()
	bcp195test.Client(t, nil, func(address string) {
		out := newOutbound(nil, Config{Issuer: "https://" + address})
		t.Cleanup(out.client.CloseIdleConnections)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+address, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := out.client.Do(request); err == nil {
			_ = answer.Body.Close()
			t.Error("an answer without a handshake")
		}
	})
}
