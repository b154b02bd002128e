// Package support is where support agents find people and logins, see what became of a
// login and what to answer, and help: invite again, log a device out, pause the ways in
// by which somebody can be led to log another in (product.md J7).
//
// It owns the search, the pages of a person, of an employer's record of somebody who has
// not activated, and of a login, and the acts on them; every act has a reason and is
// audited, and so is every look.
//
// It does not own what is true of people (package people) or what became of a login
// (package diagnosis). It cannot log in as anybody: what it reads comes without hashes
// and keys, and it has no way to anything that makes a token, a code or a link (threat 7).
package support
