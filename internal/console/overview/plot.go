package overview

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"avain/internal/domain/operations"
)

// bank is a day of one bank.
type bank struct {
	Name  string
	Sum   operations.Counts
	Rate  int // percent
	Hours []hour
	Parts []part
	Width int
}

// hour is one line of the table.
type hour struct {
	At    string // "14"
	Start string // for programs
	operations.Counts
}

// part is what the bars of all hours have of one kind, as one path: a page of a dozen
// banks would else be made of a thousand rectangles.
type part struct {
	Kind string // ok, gone, broken, failed
	Path string
}

const (
	barStep    = 20
	barWidth   = 14
	plotHeight = 80
)

// banks draws the hours of each bank, those with the lowest rate first.
func (o *overview) banks(lang string, in window, f figures) []bank {
	banks := make([]bank, 0, len(f.hours))
	for id, hours := range f.hours {
		banks = append(banks, o.bank(cmp.Or(o.d.Means(lang, id), id), in.from, hours))
	}
	slices.SortFunc(banks, func(a, b bank) int {
		return cmp.Or(cmp.Compare(a.Rate, b.Rate), cmp.Compare(a.Name, b.Name))
	})
	return banks
}

func (o *overview) bank(name string, first time.Time, hours []operations.Counts) bank {
	b := bank{Name: name, Width: barStep * len(hours)}
	most := int64(1)
	for _, n := range hours {
		b.Sum, most = b.Sum.Plus(n), max(most, n.Tried())
	}
	b.Rate = percent(b.Sum.Rate())
	b.Parts = []part{{Kind: "ok"}, {Kind: "gone"}, {Kind: "broken"}, {Kind: "failed"}}
	for i, n := range hours {
		at := first.Add(time.Duration(i) * operations.TallyHour)
		b.Hours = append(b.Hours, hour{At: at.In(o.d.Zone).Format("15"), Start: at.UTC().Format(time.RFC3339), Counts: n})
		top := plotHeight
		for p, count := range []int64{n.OK, n.Gone, n.Broken, n.Failed} {
			if count == 0 {
				continue
			}
			tall := max(1, int(count*plotHeight/most))
			top -= tall
			b.Parts[p].Path += fmt.Sprintf("M%d %dh%dv%dh-%dz", i*barStep+(barStep-barWidth)/2, top, barWidth, tall, barWidth)
		}
	}
	return b
}
