package docs_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"avain/internal/broker"
	"avain/internal/domain/login"
	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/demo"
	"avain/internal/testkit/robot"
)

// mustList reports the words that a document forgets.
func mustList(t *testing.T, path string, words ...string) {
	t.Helper()
	d := page(t, path)
	for _, word := range words {
		if !d.names(word) {
			t.Errorf("%s does not list `%s`", path, word)
		}
	}
}

// literals lists the strings in a folder's Go files, and in each function by its name.
func literals(t *testing.T, folder string, except ...string) (all []string, of map[string][]string) {
	t.Helper()
	of = map[string][]string{}
	for _, f := range parse(t, folder, except...) {
		for _, decl := range f.Decls {
			name := ""
			if fn, ok := decl.(*ast.FuncDecl); ok {
				name = fn.Name.Name
			}
			ast.Inspect(decl, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if value, err := strconv.Unquote(lit.Value); err == nil {
						all, of[name] = append(all, value), append(of[name], value)
					}
				}
				return true
			})
		}
	}
	return all, of
}

// calls lists the first string that each call of a function is given.
func calls(t *testing.T, folder, function string) []string {
	t.Helper()
	var words []string
	for _, f := range parse(t, folder) {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			name := ""
			switch fn := call.Fun.(type) {
			case *ast.Ident:
				name = fn.Name
			case *ast.SelectorExpr:
				name = fn.Sel.Name
			}
			for _, arg := range call.Args {
				if lit, ok := arg.(*ast.BasicLit); ok && name == function && lit.Kind == token.STRING {
					words = append(words, strings.Trim(lit.Value, `"`))
					break
				}
			}
			return true
		})
	}
	return words
}

var failureWord = regexp.MustCompile(`^(?:assertion|broker|callback|circuit|discovery|entity|id_token|jwks|means|outage|par|probe|request|return|selector|start|token)\.[a-z_]+$`)

// Every machine word that package broker can make stands in docs/brokers.md, and no
// other.
func TestFailureWordsAreExplained(t *testing.T) {
	t.Parallel()
	const folder = "internal/broker"
	all, of := literals(t, folder, "validate.go", "advice.go", "setup_discovery.go", "setup_remedy.go") // settings; and what is to be explained
	words := map[string]bool{}
	for _, literal := range all {
		if failureWord.MatchString(literal) {
			words[literal] = true
		}
	}
	for _, word := range calls(t, folder, "badKeys") {
		words["jwks."+word] = true
	}
	for _, word := range of["knownErrors"] {
		words["callback."+word] = true
	}
	for _, word := range []string{"host", "size", "timeout", "cancelled", "unreachable", "redirect"} {
		if !slices.Contains(of["trouble"], word) {
			t.Errorf("no request to a broker ends with %q any more", word)
		}
		words["…."+word] = true
	}
	if len(words) < 60 {
		t.Fatalf("only %d words found: the test looks in the wrong place", len(words))
	}
	mustList(t, "docs/brokers.md", slices.Sorted(maps.Keys(words))...)
	mustList(t, "docs/brokers.md", append(calls(t, folder, "document"), calls(t, folder, "exchange")...)...)
	for _, s := range page(t, "docs/brokers.md").spans {
		setting := strings.HasPrefix(s.text, "request.")
		if !s.block && failureWord.MatchString(s.text) && !words[s.text] && !setting {
			t.Errorf("line %d: the code knows no `%s`", s.line, s.text)
		}
	}
}

// The advice that programs print is the advice of docs/brokers.md, word for word.
func TestAdviceIsTheDocumentedOne(t *testing.T) {
	t.Parallel()
	row := regexp.MustCompile("(?m)^\\| ((?:`[a-z_….0-9]+`(?:, )?(?: and the like)?)+) \\| (?:`[a-z_]+`|–) \\| ([^|]+) \\| ([^|]+) \\|$")
	rows := 0
	for _, found := range row.FindAllStringSubmatch(page(t, "docs/brokers.md").text, -1) {
		for _, word := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(found[1], -1) {
			rows++
			got, ok := broker.AdviceFor(strings.Replace(word[1], "….", "token.", 1))
			if want := (broker.Advice{What: found[2], Do: found[3]}); !ok || got != want {
				t.Errorf("%s: programs say %+v, the document %+v", word[1], got, want)
			}
		}
	}
	if rows < 70 {
		t.Fatalf("only %d words found: the test looks in the wrong place", rows)
	}
}

// What the simulator can be told, and what it lets pass, stand in docs/brokers.md word for
// word: what is invented is marked there, too.
func TestTheSimulatorIsExplained(t *testing.T) {
	t.Parallel()
	text := page(t, "docs/brokers.md").text
	for _, toggle := range brokersim.Toggles() {
		if !strings.Contains(text, "\n| `"+string(toggle.Name)+"` | "+toggle.Description+" |\n") {
			t.Errorf("docs/brokers.md does not say of `%s`: %s", toggle.Name, toggle.Description)
		}
	}
	names := map[brokersim.Dialect]string{brokersim.OP: "OP", brokersim.Telia: "Telia", brokersim.Idura: "Idura", brokersim.Signicat: "Signicat"}
	for _, l := range brokersim.Leniencies() {
		if row := "\n| " + names[l.Dialect] + " | " + l.What + " | " + l.Source + " |\n"; !strings.Contains(text, row) {
			t.Errorf("docs/brokers.md lacks the row%s", row)
		}
	}
	if !strings.Contains(text, "Invented: ") {
		t.Error("nothing is marked as invented")
	}
}

func TestReasonsAreExplained(t *testing.T) {
	t.Parallel()
	for _, reason := range login.Reasons() {
		mustList(t, "docs/operations.md", string(reason))
	}
}

// Every action of the security log that the service writes stands in
// docs/operations.md, and no other.
func TestAuditActionsAreExplained(t *testing.T) {
	t.Parallel()
	const folder = "internal/platform/audit"
	actions, written := map[string]string{}, serviceSource(t)
	for _, f := range parse(t, folder) {
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 && strings.HasPrefix(spec.Names[0].Name, "action") {
				if lit, ok := spec.Values[0].(*ast.BasicLit); ok {
					actions[spec.Names[0].Name] = strings.Trim(lit.Value, `"`)
				}
			}
			return true
		})
	}
	listed := map[string]bool{}
	for _, s := range page(t, "docs/operations.md").spans {
		listed[s.text] = listed[s.text] || !s.block
	}
	for _, f := range parse(t, folder) {
		for _, decl := range f.Decls {
			method, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(method, func(n ast.Node) bool {
				if name, ok := n.(*ast.Ident); ok && actions[name.Name] != "" {
					action, calls := actions[name.Name], slices.ContainsFunc([]string{"Audit.", "Looks.", "trail."}, func(on string) bool {
						return strings.Contains(written, on+method.Name.Name)
					})
					if calls != listed[action] {
						t.Errorf("%s: written by the service: %v, listed in docs/operations.md: %v", action, calls, listed[action])
					}
				}
				return true
			})
		}
	}
	if len(actions) < 5 {
		t.Fatalf("only %v found", actions)
	}
}

// serviceSource is the text of everything that may write to the audit log.
func serviceSource(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, pattern := range []string{"internal/*/*.go", "internal/*/*/*.go", "cmd/avain/*.go"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(text)
		}
	}
	return all.String()
}

// The table of metrics is what /metrics answers, with its labels.
func TestMetricsAreExplained(t *testing.T) {
	t.Parallel()
	served := map[string]string{}
	for line := range strings.Lines(metricsAfterALogin(t)) {
		name, rest, ok := strings.Cut(line, " ")
		if !ok || !strings.HasPrefix(name, "avain_") {
			continue
		}
		name, labels, _ := strings.Cut(strings.TrimSpace(line[:len(line)-len(rest)]), "{")
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			name = strings.TrimSuffix(name, suffix)
		}
		var keys []string
		for _, found := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(labels, -1) {
			if found[1] != "le" {
				keys = append(keys, found[1])
			}
		}
		slices.Sort(keys)
		served[name] = strings.Join(keys, " ")
	}
	written := map[string]string{}
	row := regexp.MustCompile("(?m)^\\| `(avain_[a-z_]+)` \\| ([^|]*)\\|")
	for _, found := range row.FindAllStringSubmatch(page(t, "docs/operations.md").text, -1) {
		var keys []string
		for _, label := range inline.FindAllStringSubmatch(found[2], -1) {
			keys = append(keys, label[1])
		}
		slices.Sort(keys)
		written[found[1]] = strings.Join(keys, " ")
	}
	for name, labels := range served {
		if got, ok := written[name]; !ok || got != labels {
			t.Errorf("%s has the labels [%s]; docs/operations.md says [%s] (listed: %v)", name, labels, got, ok)
		}
	}
	for name := range written {
		if _, ok := served[name]; !ok {
			t.Errorf("docs/operations.md lists %s, which is not served", name)
		}
	}
}

func metricsAfterALogin(t *testing.T) string {
	t.Helper()
	d, err := demo.Start(t.Context(), demo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	app, err := robot.NewApp(d.Service, "smartumpay", d.App+"/return", &http.Client{Transport: transport, CheckRedirect: robot.NoRedirect})
	if err != nil {
		t.Fatal(err)
	}
	browser := robot.NewBrowser(transport, d.App)
	l, err := app.Start(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	page, err := browser.Open(t.Context(), l.AuthorizeURL)
	for _, button := range []string{"kuikka", "aino", "Vahvista"} {
		if err != nil {
			t.Fatal(err)
		}
		page, err = browser.Press(t.Context(), page, button, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.Finish(t.Context(), l, page.App); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.Admin+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := app.HTTP.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Each threat has one row, in order, which names a test, an issue, or what is open. The
// first 36 are the threat model's, the others were found by attacking the service.
// (That the tests exist is for TestPathsAndFunctionsExist.)
func TestEveryThreatHasARow(t *testing.T) {
	t.Parallel()
	rows := regexp.MustCompile(`(?m)^\| (\d+) \| [^|]+ \| ([^|]+) \|$`).FindAllStringSubmatch(page(t, "docs/security.md").text, -1)
	const model = 36
	if len(rows) < model {
		t.Fatalf("%d rows, want %d", len(rows), model)
	}
	last := 0
	for i, row := range rows {
		number, err := strconv.Atoi(row[1])
		if err != nil || i < model && number != i+1 || number <= last {
			t.Errorf("row %s stands behind row %d", row[1], last)
		}
		last = number
		if !regexp.MustCompile("`Test|issue [3-9]|missing yet").MatchString(row[2]) {
			t.Errorf("row %s names neither a test nor an issue", row[1])
		}
		for _, found := range regexp.MustCompile(`TestThreat(\d\d)`).FindAllStringSubmatch(row[2], -1) {
			if found[1] != fmt.Sprintf("%02d", number) && row[1] != "29" { // 29 stands on what row 11 proves
				t.Errorf("row %s names a test of row %s", row[1], found[1])
			}
		}
	}
}

func TestEveryPackageHasALine(t *testing.T) {
	t.Parallel()
	n := 0
	for _, pattern := range []string{"internal/*/doc.go", "internal/*/*/doc.go", "cmd/*/main.go"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range found {
			pkg, err := filepath.Rel(root, filepath.Dir(file))
			if err != nil {
				t.Fatal(err)
			}
			mustList(t, "docs/architecture.md", filepath.ToSlash(pkg))
			n++
		}
	}
	if n < 60 {
		t.Errorf("only %d packages found", n)
	}
}
