package config

import (
	"encoding"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"avain/internal/platform/web"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// What a file of ours stays far below: aliases of aliases could make a small file
// endless.
const (
	maxDepth = 20
	maxNodes = 20_000
)

var errUnsupported = errors.New("merge keys and tags are not supported; write the value out")

// decoder fills a struct from a YAML document. The library parses; walking the tree
// is ours, because every decoder that we know of stops at the first mistake or
// forgets where things stood.
type decoder struct {
	*notes
	dir     string // of the file: what relative paths start from
	anchors map[string]ast.Node
	visited int
}

// decode reads text into target, a pointer to a struct that holds the defaults.
// Fields that the text does not name keep them.
func (d *decoder) decode(text []byte, target any) {
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		d.problems = append(d.problems, syntaxProblem(err))
		return
	}
	switch documents := file.Docs; {
	case len(documents) == 0 || documents[0].Body == nil:
		d.add("", "the file is empty; `avain config example` prints one to start from")
	case len(documents) > 1:
		d.add("", "the file holds more than one YAML document; keep one and remove the lines ---")
	default:
		d.value(documents[0].Body, reflect.ValueOf(target).Elem(), "", 0)
	}
}

// syntaxProblem keeps the parser's one sentence and leaves out the piece of source
// that it likes to print, which may hold a secret written in the wrong place.
func syntaxProblem(err error) Problem {
	p := Problem{Message: "this is not YAML"}
	if syntax, ok := errors.AsType[*yaml.SyntaxError](err); ok {
		p.Message = "this is not YAML: " + syntax.Message
		if syntax.Token != nil && syntax.Token.Position != nil {
			p.Line = syntax.Token.Position.Line
		}
	}
	return p
}

// value decodes one node, whatever it is, into v.
func (d *decoder) value(node ast.Node, v reflect.Value, path string, depth int) {
	if d.visited++; depth > maxDepth || d.visited == maxNodes {
		d.add(path, "is nested too deeply, or the file is too long")
	}
	if depth > maxDepth || d.visited >= maxNodes {
		return
	}
	if d.lines[path] == 0 {
		d.lines[path] = lineOf(node)
	}
	switch node := node.(type) {
	case *ast.NullNode:
		return // "section:" with nothing below it keeps the defaults
	case *ast.AnchorNode:
		d.value(node.Value, v, path, depth+1)
		// Known from here on only: what refers to itself has no end.
		d.anchors[node.Name.GetToken().Value] = node.Value
		return
	case *ast.AliasNode:
		d.alias(node, v, path, depth)
		return
	case *ast.TagNode, *ast.MergeKeyNode:
		d.add(path, "%s", errUnsupported)
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		d.value(node, v.Elem(), path, depth)
		return
	}
	switch {
	case isScalar(v.Type()):
		d.scalar(node, v, path)
	case v.Kind() == reflect.Struct:
		d.section(node, v, path, depth)
	case v.Kind() == reflect.Map:
		d.texts(node, v, path, depth)
	case v.Kind() == reflect.Slice:
		d.list(node, v, path, depth)
	default:
		d.add(path, "cannot be set in a file")
	}
}

// alias decodes what an anchor further up stands for.
func (d *decoder) alias(node *ast.AliasNode, v reflect.Value, path string, depth int) {
	meant, ok := d.anchors[node.Value.GetToken().Value]
	if !ok {
		d.add(path, "no anchor of that name stands further up")
		return
	}
	d.value(meant, v, path, depth+1)
}

// entries lists the keys and values of a mapping, each key once.
func (d *decoder) entries(node ast.Node, path string, visit func(key string, value ast.Node, path string)) {
	mapping, ok := node.(ast.MapNode)
	if !ok {
		d.add(path, "must be a section: lines of the form `key: value`, indented below it")
		return
	}
	seen := map[string]bool{}
	for entries := mapping.MapRange(); entries.Next(); {
		key, ok := entries.Key().(ast.ScalarNode)
		if !ok || key.IsMergeKey() {
			d.add(path, "%s", errUnsupported)
			continue
		}
		name := key.GetToken().Value
		below := join(path, name)
		if seen[name] {
			d.problems = append(d.problems, Problem{Path: below, Message: "is written twice", Line: lineOf(key)})
			continue
		}
		seen[name] = true
		d.lines[below] = lineOf(key)
		visit(name, entries.Value(), below)
	}
}

func (d *decoder) section(node ast.Node, v reflect.Value, path string, depth int) {
	fields := fieldsOf(v.Type())
	d.entries(node, path, func(name string, value ast.Node, below string) {
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == name })
		if i < 0 {
			d.add(below, "unknown field%s", suggestion(name, fields))
			return
		}
		d.value(value, v.FieldByIndex(fields[i].index), below, depth+1)
		d.resolvePath(name, v.FieldByIndex(fields[i].index))
	})
}

// resolvePath makes a file's path relative to the folder of the configuration file,
// wherever the service was started from.
func (d *decoder) resolvePath(key string, v reflect.Value) {
	if key != "file" && key != "path" && key != "pictures" && key != "database" && !strings.HasSuffix(key, "_file") {
		return
	}
	if v.Kind() == reflect.String && v.String() != "" && !filepath.IsAbs(v.String()) {
		v.SetString(filepath.Join(d.dir, v.String()))
	}
}

func (d *decoder) texts(node ast.Node, v reflect.Value, path string, depth int) {
	out := reflect.MakeMap(v.Type())
	d.entries(node, path, func(name string, value ast.Node, below string) {
		element := reflect.New(v.Type().Elem()).Elem()
		d.value(value, element, below, depth+1)
		out.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), element)
	})
	v.Set(out)
}

func (d *decoder) list(node ast.Node, v reflect.Value, path string, depth int) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		d.add(path, "must be a list: lines that begin with `- `, or [a, b]")
		return
	}
	out := reflect.MakeSlice(v.Type(), len(sequence.Values), len(sequence.Values))
	for i, item := range sequence.Values {
		below := fmt.Sprintf("%s[%d]", path, i)
		if _, null := item.(*ast.NullNode); null {
			d.lines[below] = lineOf(item)
			d.add(below, "is empty")
			continue
		}
		d.value(item, out.Index(i), below, depth+1)
	}
	v.Set(out)
}

func (d *decoder) scalar(node ast.Node, v reflect.Value, path string) {
	text, ok := scalarText(node)
	if !ok {
		d.add(path, "must be a single value")
		return
	}
	if err := setScalar(v, text); err != nil {
		d.add(path, "%s", err)
	}
}

// scalarText gives a scalar as it was written: an id of digits stays what it is.
func scalarText(node ast.Node) (string, bool) {
	switch node := node.(type) {
	case *ast.LiteralNode:
		return node.Value.Value, true
	case *ast.StringNode:
		return node.Value, true
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return node.GetToken().Value, true
	default:
		return "", false
	}
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// isScalar reports whether a type is written as one value.
func isScalar(t reflect.Type) bool {
	if reflect.PointerTo(t).Implements(textType) {
		return true
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64:
		return true
	default:
		return false
	}
}

func setScalar(v reflect.Value, text string) error {
	if v.Type() == durationType {
		length, err := parseDuration(text)
		if err == nil {
			v.SetInt(int64(length))
		}
		return err
	}
	if prefix, ok := reflect.TypeAssert[*netip.Prefix](v.Addr()); ok {
		return rangeOf(text, prefix)
	}
	if u, ok := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr()); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return errors.New("must be true or false")
		}
		v.SetBool(text == "true")
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return errors.New("must be a number")
		}
		v.SetFloat(f)
	default:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || v.OverflowInt(n) {
			return errors.New("must be a whole number")
		}
		v.SetInt(n)
	}
	return nil
}

// rangeOf reads a range of addresses. The library's own error repeats what was written;
// ours tells what to write.
func rangeOf(text string, to *netip.Prefix) error {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return errors.New("must be a range of addresses such as 10.0.0.0/24")
	}
	*to = web.Unmapped(prefix)
	return nil
}

func lineOf(node ast.Node) int {
	if node == nil || node.GetToken() == nil || node.GetToken().Position == nil {
		return 0
	}
	return node.GetToken().Position.Line
}

// plainKey is what every field of ours and every sensible id looks like.
var plainKey = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// join extends a path. A key that is not a plain word is quoted and cut, so that
// garbage cannot paint the operator's terminal.
func join(path, key string) string {
	if !plainKey.MatchString(key) {
		key = strconv.QuoteToASCII(key[:min(len(key), 40)])
	}
	if path == "" {
		return key
	}
	return path + "." + key
}
