// Package domain is the folder of the nouns that everybody talks of: login (attempts,
// sessions, persons, methods, reasons), employment, staff, operations (what those who run
// the service need), queue (jobs), fault (errors), reasons (the words for each reason), hetu
// (the Finnish identity code), names (when two names agree), exact (letters that nobody
// sees) and shown (texts fit to be shown).
//
// They stand on the standard library, decide nothing about a request, and import nothing of
// ours but each other.
package domain
