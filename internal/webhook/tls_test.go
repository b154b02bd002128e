package webhook

import (
	"net/http"
	"net/url"
	"testing"

	"avain/internal/bcp195/bcp195test"
)

func TestEndpointsMeetBCP195(t *testing.T) {
	t.Parallel()
	bcp195test.Client(t, nil, func(address string) {
		to := &url.URL{Scheme: "https", Host: address}
		client := newClient([]endpoint{{address: to}})
		t.Cleanup(client.CloseIdleConnections)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to.String(), http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := client.Do(request); err == nil {
			_ = answer.Body.Close()
			t.Error("an answer without a handshake")
		}
	})
}
