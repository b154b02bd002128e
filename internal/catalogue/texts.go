package catalogue

import (
	"embed"
	"io/fs"
)

//go:embed texts/*.json
var files embed.FS

// Texts are the files with the words: texts/pages.{lang}.json are those of pages, as
// package web reads them.
func Texts() fs.FS { return files }
