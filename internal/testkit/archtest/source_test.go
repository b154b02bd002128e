package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "avain"

// file is one Go file of the repository.
type file struct {
	path   string // from the root of the repository, with slashes
	pkg    string // folder
	test   bool
	lines  int
	syntax *ast.File
	pos    *token.FileSet
}

// imports lists what the file imports, and where.
func (f file) imports() map[string]int {
	out := map[string]int{}
	for _, spec := range f.syntax.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err == nil {
			out[path] = f.pos.Position(spec.Pos()).Line
		}
	}
	return out
}

// root is the repository, as seen from here.
const root = "../../.."

// sources parses the repository once for all tests.
var sources = sync.OnceValues(func() ([]file, error) {
	var files []file
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || slices.Contains([]string{"node_modules", "testdata", "dist"}, name) || path == root+"/app") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		f, err := parse(root, path)
		files = append(files, f)
		return err
	})
	return files, err
})

func parse(root, path string) (file, error) {
	text, err := os.ReadFile(path) //nolint:gosec // our own source
	if err != nil {
		return file{}, err
	}
	pos := token.NewFileSet()
	syntax, err := parser.ParseFile(pos, path, text, parser.ParseComments)
	if err != nil {
		return file{}, err
	}
	rel, err := filepath.Rel(root, path)
	rel = filepath.ToSlash(rel)
	return file{
		path: rel, pkg: rel[:max(strings.LastIndexByte(rel, '/'), 0)], test: strings.HasSuffix(rel, "_test.go"),
		lines: strings.Count(string(text), "\n"), syntax: syntax, pos: pos,
	}, err
}

// each runs a test over the files of cmd and internal.
func each(t *testing.T, check func(f file)) {
	t.Helper()
	files, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, f := range files {
		if strings.HasPrefix(f.pkg, "cmd/") || strings.HasPrefix(f.pkg, "internal/") {
			check(f)
			seen++
		}
	}
	if seen < 20 {
		t.Fatalf("only %d files found: the test looks in the wrong place", seen)
	}
}
