package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in the configuration.
type Problem struct {
	Path    string // such as clients[1].redirect_uris[0]; empty for the file as a whole
	Message string // what is wrong and what to do; never a secret
	Line    int    // in the file, counted from 1; 0 when unknown
}

func (p Problem) String() string {
	s := p.Message
	if p.Path != "" {
		s = p.Path + ": " + s
	}
	if p.Line > 0 {
		s += fmt.Sprintf(" (line %d)", p.Line)
	}
	return s
}

// Problems lists mistakes. As an error it prints one line for each.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// inOrder sorts as the file reads, so that the list can be worked off top-down.
func (ps Problems) inOrder() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Path, b.Path))
	})
	return ps
}

// notes collects problems and knows where in the file each path stands.
type notes struct {
	lines    map[string]int
	problems Problems
	warnings Problems
}

func (n *notes) add(path, format string, args ...any) {
	n.problems = append(n.problems, Problem{Path: path, Message: fmt.Sprintf(format, args...), Line: n.line(path)})
}

func (n *notes) warn(path, format string, args ...any) {
	n.warnings = append(n.warnings, Problem{Path: path, Message: fmt.Sprintf(format, args...), Line: n.line(path)})
}

// written reports whether the file has a line for exactly this path.
func (n *notes) written(path string) bool {
	_, ok := n.lines[path]
	return ok
}

// line finds the line of a path. A field that is missing has none of its own: the
// nearest section around it is where it should be written.
func (n *notes) line(path string) int {
	for path != "" {
		if line, ok := n.lines[path]; ok {
			return line
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return 0
}
