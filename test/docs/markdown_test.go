package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
)

const root = "../.."

// document is one Markdown file.
type document struct {
	path  string // from the root of the repository
	text  string
	spans []span // of code
}

// span is `code` within a sentence, or a whole fenced block.
type span struct {
	text     string
	line     int
	language string // of a block
	block    bool
	later    bool // stands in a line that says that this comes later
}

var documents = sync.OnceValues(func() ([]document, error) {
	var all []document
	for _, pattern := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "app/README.md", "docs/*.md", "docs/decisions/*.md"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			d, err := read(path)
			if err != nil {
				return nil, err
			}
			all = append(all, d)
		}
	}
	return all, nil
})

func read(path string) (document, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return document{}, err
	}
	name, err := filepath.Rel(root, path)
	return document{path: filepath.ToSlash(name), text: string(text), spans: spansOf(string(text))}, err
}

var inline = regexp.MustCompile("`([^`]+)`")

func spansOf(text string) []span {
	var all []span
	var block *span
	for i, line := range strings.Split(text, "\n") {
		fence, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case isFence && block == nil:
			block = &span{line: i + 2, language: fence, block: true}
		case isFence:
			all = append(all, *block)
			block = nil
		case block != nil:
			block.text += line + "\n"
		default:
			for _, found := range inline.FindAllStringSubmatch(line, -1) {
				all = append(all, span{text: found[1], line: i + 1, later: strings.Contains(line, "comes later")})
			}
		}
	}
	return all
}

// each runs a check over every document.
func each(t *testing.T, check func(t *testing.T, d document)) {
	t.Helper()
	all, err := documents()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("only %d documents found", len(all))
	}
	for _, d := range all {
		t.Run(d.path, func(t *testing.T) {
			t.Parallel()
			check(t, d)
		})
	}
}

// page finds one document.
func page(t *testing.T, path string) document {
	t.Helper()
	d, err := read(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// names reports whether the document names the word in code.
func (d document) names(word string) bool {
	return slices.ContainsFunc(d.spans, func(s span) bool { return !s.block && s.text == word })
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestLinksLead(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d document) {
		for _, found := range link.FindAllStringSubmatch(d.text, -1) {
			target, anchor, _ := strings.Cut(found[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			file := filepath.Join(root, d.path)
			if target != "" {
				file = filepath.Join(root, filepath.Dir(d.path), target)
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Errorf("%s leads nowhere: %v", found[1], err)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(string(text)), anchor) {
				t.Errorf("%s: there is no such heading", found[1])
			}
		}
	})
}

// anchors are the headings as they are linked to.
func anchors(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if heading := strings.TrimLeft(line, "#"); heading != line && strings.HasPrefix(heading, " ") {
			all = append(all, strings.Map(func(r rune) rune {
				switch {
				case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
					return unicode.ToLower(r)
				case r == ' ':
					return '-'
				}
				return -1
			}, strings.TrimSpace(heading)))
		}
	}
	return all
}

var (
	pathOf     = regexp.MustCompile(`^(?:internal|cmd|app|docs|test|scripts|\.ci)/[\w./*-]+$`)
	functionOf = regexp.MustCompile(`^(?:(\w+)\(\)|((?:Test|Fuzz)[A-Z0-9]\w+))$`)
)

// Paths exist, and a function or test that is named after a path is in that file.
func TestPathsAndFunctionsExist(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d document) {
		if d.path == "app/README.md" {
			return // its paths begin in its own folder
		}
		var file, source string
		for _, s := range d.spans {
			switch found := functionOf.FindStringSubmatch(s.text); {
			case s.block, s.later:
			case pathOf.MatchString(s.text):
				file, source = s.text, ""
				matches, err := filepath.Glob(filepath.Join(root, s.text))
				if err != nil || len(matches) == 0 {
					t.Errorf("line %d: there is no %s", s.line, s.text)
					continue
				}
				if text, err := os.ReadFile(matches[0]); err == nil { // a folder has none
					source = string(text)
				}
			case found != nil && source != "":
				if name := found[1] + found[2]; !declares(source, name) {
					t.Errorf("line %d: %s has no %s", s.line, file, name)
				}
			}
		}
	})
}

// declares reports whether Go or TypeScript source has the function.
func declares(source, name string) bool {
	return regexp.MustCompile(`(?m)^(?:func |func \([^)]*\) |(?:export )?(?:async )?function |  (?:async )?)` + name + `\(`).MatchString(source)
}

var (
	avainCommand = regexp.MustCompile(`(?m)(?:^|[\s/;|>])avain((?: +[a-zA-Z./_-]+)+)`)
	makeCommand  = regexp.MustCompile(`\bmake ([a-z-]+)`)
	makeTarget   = regexp.MustCompile(`(?m)^([a-z-]+):`)
	makeArgs     = regexp.MustCompile(`ARGS="([^"]*)" make demo`)
)

func TestCommandsExist(t *testing.T) {
	t.Parallel()
	commands, flags := commandLine(t)
	demoFlags := fieldNames(t, "cmd/demo")
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, found := range makeTarget.FindAllStringSubmatch(string(makefile), -1) {
		targets = append(targets, found[1])
	}
	each(t, func(t *testing.T, d document) {
		for _, s := range d.spans {
			for _, found := range makeCommand.FindAllStringSubmatch(s.text, -1) {
				if !slices.Contains(targets, found[1]) {
					t.Errorf("line %d: make has no target %s", s.line, found[1])
				}
			}
			for _, found := range makeArgs.FindAllStringSubmatch(s.text, -1) {
				for word := range strings.FieldsSeq(found[1]) {
					if flag, ok := strings.CutPrefix(word, "--"); ok && flag != "help" && !slices.Contains(demoFlags, flag) {
						t.Errorf("line %d: the demo has no flag --%s", s.line, flag)
					}
				}
			}
			for _, found := range avainCommand.FindAllStringSubmatch(s.text, -1) {
				if wrong := wrongCommand(strings.Fields(found[1]), commands, flags); wrong != "" {
					t.Errorf("line %d: avain%s: %s", s.line, found[1], wrong)
				}
			}
		}
	})
}

// wrongCommand says what is wrong with the words after avain.
func wrongCommand(words, commands, flags []string) string {
	command := ""
	for _, word := range words {
		if flag, ok := strings.CutPrefix(word, "--"); ok {
			if !slices.Contains(flags, flag) && flag != "help" {
				return "there is no flag --" + flag
			}
			continue
		}
		if longer := strings.TrimSpace(command + " " + word); slices.Contains(commands, longer) {
			command = longer
			continue
		}
		if command == "" {
			return "there is no such command"
		}
		break // arguments
	}
	return ""
}

// commandLine reads the commands of avain and the names of its flags from the source.
func commandLine(t *testing.T) (commands, flags []string) {
	t.Helper()
	for _, f := range parse(t, "cmd/avain") {
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || spec.Name.Name != "commands" {
				return true
			}
			if all, ok := spec.Type.(*ast.StructType); ok {
				commands = commandsOf("", all)
			}
			return false
		})
	}
	if len(commands) < 8 {
		t.Fatalf("only %v found", commands)
	}
	return commands, fieldNames(t, "cmd/avain")
}

func commandsOf(before string, all *ast.StructType) []string {
	var out []string
	for _, field := range all.Fields.List {
		for _, name := range field.Names {
			command := strings.TrimSpace(before + " " + kebab(name.Name))
			out = append(out, command)
			if group, ok := field.Type.(*ast.StructType); ok {
				out = append(out, commandsOf(command, group)...)
			}
		}
	}
	return out
}

// fieldNames lists the fields of all structs of a command, as kong spells flags.
func fieldNames(t *testing.T, folder string) []string {
	t.Helper()
	var names []string
	for _, f := range parse(t, folder) {
		ast.Inspect(f, func(n ast.Node) bool {
			field, ok := n.(*ast.Field)
			if !ok || field.Tag == nil || reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("help") == "" {
				return true
			}
			for _, name := range field.Names {
				names = append(names, kebab(name.Name))
			}
			return true
		})
	}
	return names
}

// parse reads the Go files of a folder; tests, and the files named, are left out.
func parse(t *testing.T, folder string, except ...string) []*ast.File {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no source in %s (%v)", folder, err)
	}
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") || slices.Contains(except, filepath.Base(path)) {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// kebab spells CheckConfig as check-config.
func kebab(name string) string {
	var out strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 && unicode.IsLower(rune(name[i-1])) {
			out.WriteByte('-')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}
