package overview

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"avain/internal/login"
)

// bank is a day of one bank.
type bank struct {
	Name  string
	Sum   login.Counts
	Rate  int // percent
	Hours []hour
	Parts []part
	Width int
}

// hour is one line of the table.
type hour struct {
	At    string // "14"
	Start string // for programs
	login.Counts
}

// part is what the bars of all hours have of one kind, as one path: a page of a dozen
// banks would else be made of a thousand rectangles.
type part struct {
	Kind string // ok, gone, failed
	Path string
}

const (
	hoursShown = 24
	barStep    = 20
	barWidth   = 14
	plotHeight = 80
)

// banks draws the last day of each bank, those with the lowest rate first.
func (o *overview) banks(ctx context.Context, lang string) ([]bank, error) {
	last := o.d.Now().Truncate(login.TallyHour)
	first := last.Add(-(hoursShown - 1) * login.TallyHour)
	tallies, err := o.d.Counts.Tallies(ctx, login.DimensionMeans, first, last.Add(login.TallyHour))
	if err != nil {
		return nil, err
	}
	counts := map[string]*[hoursShown]login.Counts{}
	for _, t := range tallies {
		if counts[t.Value] == nil {
			counts[t.Value] = &[hoursShown]login.Counts{}
		}
		if at := int(t.Hour.Sub(first) / login.TallyHour); at >= 0 && at < hoursShown {
			counts[t.Value][at] = t.Counts
		}
	}
	banks := make([]bank, 0, len(counts))
	for id, hours := range counts {
		banks = append(banks, o.bank(cmp.Or(o.d.Means(lang, id), id), first, hours))
	}
	slices.SortFunc(banks, func(a, b bank) int {
		return cmp.Or(cmp.Compare(a.Rate, b.Rate), cmp.Compare(a.Name, b.Name))
	})
	return banks, nil
}

func (o *overview) bank(name string, first time.Time, hours *[hoursShown]login.Counts) bank {
	b := bank{Name: name, Width: barStep * hoursShown}
	most := int64(1)
	for _, n := range hours {
		b.Sum, most = b.Sum.Plus(n), max(most, n.Tried())
	}
	b.Rate = percent(b.Sum.Rate())
	b.Parts = []part{{Kind: "ok"}, {Kind: "gone"}, {Kind: "failed"}}
	for i, n := range hours {
		at := first.Add(time.Duration(i) * login.TallyHour)
		b.Hours = append(b.Hours, hour{At: at.In(o.d.Zone).Format("15"), Start: at.UTC().Format(time.RFC3339), Counts: n})
		top := plotHeight
		for p, count := range []int64{n.OK, n.Gone, n.Failed} {
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
