package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// progressEvery is how often a progress is shown.
const progressEvery = 200 * time.Millisecond

// progressOn shows on a terminal how much is done of something long, and nothing in a file
// or pipe. gone takes it away again.
func progressOn(out io.Writer, things string) (progress func(done, all int64), gone func()) {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return func(int64, int64) {}, func() {}
	}
	var last time.Time
	progress = func(done, all int64) {
		if now := time.Now(); now.Sub(last) >= progressEvery {
			last = now
			_, _ = fmt.Fprintf(out, "\r%d of %d %s ", done, all, things) // the terminal is gone: nobody to tell
		}
	}
	return progress, func() { _, _ = fmt.Fprint(out, "\r\x1b[K") }
}
