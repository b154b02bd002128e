//go:build !unix

package wire

// mostFiles is 0: this system has no such limit, or does not say.
func mostFiles() int { return 0 }
