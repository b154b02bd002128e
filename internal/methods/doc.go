// Package methods is the folder of the ways to log in: bank (bank authentication and Mobile
// Certificate, through a broker), link (the login link), qr (the QR code of the activation
// page) and password (Smartum credentials).
//
// Each room owns its pages and what they ask; none imports another. Which ways there are for
// whom decides core/availability; the attempt that they move belongs to core/attempt, and how
// brokers are spoken to, to broker.
package methods
