// Package hetu reads Finnish personal identity codes (henkilötunnus).
//
// It owns the syntax (century separators of the 2023 reform, date, individual
// number, check character) and a type that does not print itself. It does not own
// look-up or storage: package people hashes codes with a key before they meet the
// database.
package hetu
