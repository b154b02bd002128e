package archtest

import (
	"go/ast"
	"strings"
	"testing"
)

// readers are the files that read a timeline, each with what it does with it. Whoever
// can write lines must not change what is decided by that: a decision has a column.
var readers = map[string]string{
	"internal/domain/login/attempt.go":       "folds a line into the one that it repeats",
	"internal/core/counts/counts.go":         "counts",
	"internal/core/counts/journey.go":        "counts",
	"internal/platform/telemetry/observe.go": "counts",
	"internal/core/attempt/start.go":         "writes the first lines",
	"internal/core/attempt/qrclaim.go":       "writes the first lines",
	"internal/platform/store/attempt_row.go": "writes and reads the column",
	"internal/methods/bank/show.go":          "does not write what is there",
	"internal/app/refusals.go":               "does not write what is there",
	"internal/app/shown.go":                  "shows it to support",
	"internal/app/parts.go":                  "hands the last line on to what counts",
	"internal/console/support/attempt.go":    "shows it to support",
	"internal/core/diagnosis/diagnosis.go":   "tells support what happened",
	"internal/core/diagnosis/verdict.go":     "tells support what happened",
	"cmd/avain/explained.go":                 "shows it to support",
}

// Six digits once ended where a line about them was missing, and whoever starts a login
// could fill its timeline (threat 47).
func TestThreat47NothingDecidesByTheTimeline(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	each(t, func(f file) {
		if f.test || strings.HasSuffix(f.path, "_test.go") || strings.HasPrefix(f.path, "internal/platform/store/storetest/") {
			return
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			name, ok := n.(*ast.SelectorExpr)
			if !ok || name.Sel.Name != "Timeline" {
				return true
			}
			if found[f.path] = true; readers[f.path] == "" {
				t.Errorf("%s:%d: reads a timeline: what is decided by needs a column; what only shows or counts goes onto the list", f.path, f.pos.Position(n.Pos()).Line)
			}
			return true
		})
	})
	for path := range readers {
		if !found[path] {
			t.Errorf("%s does not read a timeline any more", path)
		}
	}
}
