// Package web is how Avain speaks HTTP: handlers that return errors, one place that
// turns every error into a page, an OAuth error document or a problem document,
// and the middleware around all of them.
//
// It owns the security headers, cross-origin protection, CORS, the record that is
// written once per request, the caller's network address behind trusted proxies,
// rate limiting in memory, languages and texts, the layout and stylesheet of every
// page, and the pages that belong to no feature (errors, logging out).
//
// It does not own any route or any state: features mount themselves and keep their
// own templates (package bank has the login pages). The cookie that binds a
// browser to an attempt lives in package browsersession, counters that must survive a
// restart in the database.
package web
