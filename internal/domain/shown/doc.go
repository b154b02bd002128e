// Package shown holds the one rule for text that others wrote and that we only show: the
// names of devices, browsers, people, employers and places, notices, comments, what mail
// servers and brokers say.
//
// Such text is cleaned and cut, and is never a reason to keep somebody out. It does not
// hold what decides something: ids, addresses, user names, codes and passwords are taken
// exactly, or refused.
//
// What is taken out, and why:
//
//   - control characters, which command terminals and break lines of feeds and logs;
//   - characters that turn the direction of writing (Unicode Standard Annex #9), with which
//     a name rewrites the sentence in which it stands;
//   - what nobody sees (zero width, fillers, tags, private use, characters that no version
//     of Unicode knows), which hides text in text and makes two names look alike. The
//     joiners and selectors inside an emoji stay, where there is an emoji;
//   - more accents on one letter than any language has, which grow over the lines around.
//
// White space of every kind becomes one blank. Letters that are written from right to left
// stay; pages, letters and sentences set them apart ([Apart], unicode-bidi: isolate), so that
// they turn nothing around them.
//
// A text is cut between letters as people count them (grapheme clusters, Unicode Standard
// Annex #29, without the conjuncts of Indic scripts), never inside an emoji or between a
// letter and its accent, and ends in "…" then.
package shown
