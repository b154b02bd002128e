// Package account is the folder of a person's own pages: home (/me, with the QR code and the
// sign-in of these pages), activation (from an invitation), devices (where one is logged in)
// and privacy (what there is about a person).
//
// Each room owns its pages; none imports another. Who people are is core/people's.
package account
