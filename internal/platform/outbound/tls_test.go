package outbound

import (
	"net/http"
	"testing"

	"avain/internal/platform/bcp195/bcp195test"
)

func TestReceiversMeetBCP195(t *testing.T) {
	t.Parallel()
	bcp195test.Client(t, nil, func(address string) {
		to := "https://" + address
		door, err := NewDoor([]string{to}, 1)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(door.Close)
		if status, _, err := door.Post(t.Context(), to, http.Header{}, ""); err == nil {
			t.Errorf("%d without a handshake", status)
		}
	})
}
