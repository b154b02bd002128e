package audit_test

import (
	"testing"

	"avain/internal/domain/operations"
	"avain/internal/platform/audit"
	"avain/internal/secret"

	"pgregory.net/rapid"
)

func rows() *rapid.Generator[operations.AuditRow] {
	return rapid.Custom(func(t *rapid.T) operations.AuditRow {
		text := rapid.StringN(0, 6, -1)
		return operations.AuditRow{
			Seq: rapid.Int64().Draw(t, "seq"), At: rapid.Int64().Draw(t, "at"), Actor: text.Draw(t, "actor"), Action: text.Draw(t, "action"),
			Target: text.Draw(t, "target"), Detail: text.Draw(t, "detail"),
		}
	})
}

// Two entries have the same hash exactly when they are the same and follow the same
// one, under the same key: nothing can be moved from one column to the next.
func TestHashesTellEntriesApart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		hashes := rapid.SampledFrom([]secret.Hash{{}, {1}, {2}})
		keys := rapid.SampledFrom([]audit.Chain{audit.NewChain(secret.Of("a")), audit.NewChain(secret.Of("b"))})
		type link struct {
			chain    audit.Chain
			previous secret.Hash
			row      operations.AuditRow
		}
		draw := func(name string) link {
			return link{keys.Draw(t, name), hashes.Draw(t, name), rows().Draw(t, name)}
		}
		x, y := draw("x"), draw("y")
		if rapid.Bool().Draw(t, "alike") { // differing in one thing at most, as by chance they never would
			y = x
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0:
				y.previous = hashes.Draw(t, "y")
			case 1:
				y.chain = keys.Draw(t, "y")
			case 2:
				y.row.Actor, y.row.Action = x.row.Action, x.row.Actor
			case 3:
				y.row.Actor, y.row.Action = x.row.Actor+x.row.Action, ""
			case 4:
				y.row.Target += "x"
			}
		}
		same := x.previous == y.previous && x.row == y.row && x.chain.Next(secret.Hash{}, operations.AuditRow{}) == y.chain.Next(secret.Hash{}, operations.AuditRow{})
		if got := x.chain.Next(x.previous, x.row) == y.chain.Next(y.previous, y.row); got != same {
			t.Fatalf("the same hash: %v; the same entry: %v", got, same)
		}
	})
}

// The sum of the entries from before the chain is that of none, or of these in this
// order, and never that of one entry in the chain.
func TestSumOfOldEntries(t *testing.T) {
	t.Parallel()
	chain := audit.NewChain(secret.Of("a"))
	sum := func(rows ...operations.AuditRow) secret.Hash {
		b := chain.Before()
		for _, row := range rows {
			b.Add(row)
		}
		return b.Sum()
	}
	x, y := operations.AuditRow{Seq: 1, Actor: "x"}, operations.AuditRow{Seq: 2, Actor: "y"}
	seen := map[secret.Hash]bool{{}: true}
	for _, h := range []secret.Hash{sum(), sum(x), sum(y), sum(x, y), sum(y, x), chain.Next(secret.Hash{}, x), audit.NewChain(secret.Of("b")).Before().Sum()} {
		if seen[h] {
			t.Fatal("two sums are the same")
		}
		seen[h] = true
	}
	b := chain.Before()
	b.Add(x)
	if b.Sum() != sum(x) || b.Sum() != sum(x) {
		t.Error("summing up changes the sum")
	}
}

func TestHeadsAreReadAsWritten(t *testing.T) {
	t.Parallel()
	head := operations.AuditHead{Seq: 120345, Hash: secret.Of("x").Hash()}
	if got, ok := operations.ParseAuditHead(head.String()); !ok || got != head {
		t.Errorf("%v, %v", got, ok)
	}
	for _, wrong := range []string{"", ":", "1:", "x:" + head.String()[7:], head.String() + "0", head.String()[:20], "-1" + head.String()[6:], "12"} {
		if got, ok := operations.ParseAuditHead(wrong); ok {
			t.Errorf("%q was read as %v", wrong, got)
		}
	}
}
