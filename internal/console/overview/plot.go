package overview

import (
	"cmp"
	"context"
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
	Most  int64 // of an hour
	Width int
}

// hour is one bar: three parts that stand on each other.
type hour struct {
	At    string // "14"
	Start string // for programs
	login.Counts
	Parts []part
}

type part struct {
	X, Y, Width, Height int
	Kind                string // ok, gone, failed
}

const (
	hoursShown = 24
	barStep    = 20
	barWidth   = 14
	plotHeight = 80
)

// banks draws the last day of each bank, those with the lowest rate first.
func (o *overview) banks(ctx context.Context) ([]bank, error) {
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
		banks = append(banks, o.bank(cmp.Or(o.d.Means(id), id), first, hours))
	}
	slices.SortFunc(banks, func(a, b bank) int {
		return cmp.Or(cmp.Compare(a.Rate, b.Rate), cmp.Compare(a.Name, b.Name))
	})
	return banks, nil
}

func (o *overview) bank(name string, first time.Time, hours *[hoursShown]login.Counts) bank {
	b := bank{Name: name, Width: barStep * hoursShown}
	for _, n := range hours {
		b.Sum, b.Most = b.Sum.Plus(n), max(b.Most, n.Tried())
	}
	b.Rate = percent(b.Sum.Rate())
	for i, n := range hours {
		at := first.Add(time.Duration(i) * login.TallyHour)
		h := hour{At: at.In(o.d.Zone).Format("15"), Start: at.UTC().Format(time.RFC3339), Counts: n}
		top := plotHeight
		for _, p := range []struct {
			n    int64
			kind string
		}{{n.OK, "ok"}, {n.Gone, "gone"}, {n.Failed, "failed"}} {
			if p.n == 0 {
				continue
			}
			tall := max(1, int(p.n*plotHeight/max(b.Most, 1)))
			top -= tall
			h.Parts = append(h.Parts, part{X: i*barStep + (barStep-barWidth)/2, Y: top, Width: barWidth, Height: tall, Kind: p.kind})
		}
		b.Hours = append(b.Hours, h)
	}
	return b
}
