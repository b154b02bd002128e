package app

import (
	"context"
	"log/slog"

	"avain/internal/config"
)

// forOthers are the file descriptors that are kept for everybody else: people in
// browsers, the database, the brokers. Of a low limit it is a quarter.
const forOthers = 4096

// maxWaiting is how many apps may wait at once. A waiting app holds a file descriptor,
// and those that log in, the database and the brokers need some too: a node that had none
// left could not even say that it is full.
func maxWaiting(ctx context.Context, c config.Config, log *slog.Logger) int {
	files := maxFiles()
	if most := files - min(forOthers, files/4); files > 0 && c.Limits.WaitingApps > most {
		log.InfoContext(ctx, "fewer apps can wait than configured: the limit on open files is low",
			"configured", c.Limits.WaitingApps, "open_files", files, "waiting_apps", most)
		return most
	}
	return c.Limits.WaitingApps
}
