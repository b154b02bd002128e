package demo

import (
	"io"
	"net/http"
)

// mailbox is where the demo's mail will be read. The service sends none yet.
func mailbox() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		_, _ = io.WriteString(w, mailboxPage)
	})
}

const mailboxPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Mailbox – Avain demo</title>
<main>
<h1>Mailbox</h1>
<p>No mail has arrived. Logging in with a bank or Mobile Certificate sends none.</p>
</main>
`
