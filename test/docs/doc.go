// Package docs holds the documents against the code: what they name must exist, what
// they list must be complete, and what they show must work.
//
//	markdown   links, paths, functions, commands
//	lists      failure words, reasons, metrics, audit actions, threats, packages
//	snippets   configuration that must load, SQL that must run
//
// A failing test here usually means that the code has moved on: correct the document.
package docs
