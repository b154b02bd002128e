package app

import (
	"context"

	"avain/internal/config"
	"avain/internal/platform/connlimit"
)

// forItself are the file descriptors that no connection of people and apps gets: the
// database, the brokers, the operator's listener and the log need some. Of a low limit it
// is an eighth.
const forItself = 512

// connectionsOf is how many connections there may be where so many files can be open; 0
// files: nobody knows. When they are few, a network's share of all stays what it is.
func connectionsOf(c config.Limits, files int) connlimit.Limits {
	limits := connlimit.Limits{Altogether: c.Connections, PerNetwork: c.ConnectionsPerNetwork}
	if files == 0 {
		return limits
	}
	limits.Files = max(1, files-min(forItself, files/8))
	if limits.Files < limits.Altogether {
		limits.PerNetwork = max(1, int(int64(limits.PerNetwork)*int64(limits.Files)/int64(limits.Altogether)))
		limits.Altogether = limits.Files
	}
	return limits
}

// newConnections bounds what comes to the public listener. That of the operator is out of
// strangers' reach, and must answer when everything else is full.
func newConnections(ctx context.Context, c config.Config, d Deps) *connlimit.Limiter {
	files := maxFiles()
	limits := connectionsOf(c.Limits, files)
	d.Log.InfoContext(ctx, "connections are bounded", "connections", limits.Altogether, "per_network", limits.PerNetwork,
		"with_waiting_apps", limits.Files, "open_files", files)
	return connlimit.New(connlimit.Config{Limits: limits, Proxies: c.Public.TrustedProxies, Now: d.Now, Log: d.Log})
}
