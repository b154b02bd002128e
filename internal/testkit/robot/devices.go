package robot

import (
	"context"
	"net/http"
)

// Device is a line of the list of a person's devices.
type Device struct {
	ID      string `json:"id"`
	Current bool   `json:"current"`
	Name    string `json:"name"`
	Model   string `json:"model"`
	Client  string `json:"client"`
	Web     bool   `json:"web"`
	Method  string `json:"method"`
	Place   string `json:"place"`

	LoggedInAt string `json:"logged_in_at"`
	LastUsedAt string `json:"last_used_at"`
}

// Devices is where a person is logged in.
type Devices struct {
	Devices     []Device `json:"devices"`
	PausedUntil string   `json:"alternative_methods_paused_until"`
}

// Devices lists the devices of the person whose access token it is.
func (a *App) Devices(ctx context.Context, accessToken string) (Devices, error) {
	var all Devices
	err := a.call(ctx, http.MethodGet, "/devices", nil, accessToken, &all)
	return all, err
}

// DeviceAct logs out: path is below /devices, such as "/logout" or "/{id}/not-me".
func (a *App) DeviceAct(ctx context.Context, accessToken, path string) error {
	return a.call(ctx, http.MethodPost, "/devices"+path, nil, accessToken, nil)
}
