package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// report is what an attack saw. It is safe for concurrent use.
type report struct {
	mu sync.Mutex

	Seed         uint64                    `json:"seed"`
	Requests     int                       `json:"requests"`
	Seconds      float64                   `json:"seconds"`
	Answers      map[string]map[string]int `json:"answers"` // by where the request was learned, and status
	Slowest      []slow                    `json:"slowest"`
	MemoryBefore memory                    `json:"memory_before"`
	MemoryAfter  memory                    `json:"memory_after"`
	Findings     []finding                 `json:"findings"`
	Found        int                       `json:"found"` // findings altogether, those that are not shown too
}

type slow struct {
	Milliseconds float64 `json:"ms"`
	Request      string  `json:"request"`
}

// memory is what the process that is attacked holds, in bytes.
type memory struct {
	Resident float64 `json:"resident"`
	Heap     float64 `json:"heap"`
}

const (
	maxSlowest  = 5
	maxFindings = 100
	maxShown    = 600 // characters of a request or of a detail
)

func newReport(seed uint64) *report {
	return &report{Seed: seed, Answers: map[string]map[string]int{}, Findings: []finding{}}
}

func (p *report) count(r request, class string, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Requests++
	of := p.Answers[r.from]
	if of == nil {
		of = map[string]int{}
		p.Answers[r.from] = of
	}
	of[class]++
	ms := float64(took.Microseconds()) / 1000
	if r.waits() || len(p.Slowest) == maxSlowest && ms <= p.Slowest[maxSlowest-1].Milliseconds {
		return
	}
	p.Slowest = append(p.Slowest, slow{ms, r.String()})
	slices.SortFunc(p.Slowest, func(a, b slow) int { return cmp.Compare(b.Milliseconds, a.Milliseconds) })
	p.Slowest = p.Slowest[:min(len(p.Slowest), maxSlowest)]
}

// add takes findings.
func (p *report) add(findings ...finding) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range findings {
		p.Found++
		if len(p.Findings) < maxFindings {
			f.Detail = cut(f.Detail)
			p.Findings = append(p.Findings, f)
		}
	}
}

func (p *report) found() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.Found
}

// verdict is an error when something was found.
func (p *report) verdict() error {
	if p.Found > 0 {
		return fmt.Errorf("%d findings", p.Found)
	}
	if p.Requests == 0 {
		return errors.New("nothing was sent")
	}
	return nil
}

// finding is something about this request that must not happen.
func (r request) finding(kind, detail string) finding {
	return finding{Kind: kind, Detail: detail, Request: r.String()}
}

// String shows a request on one line. Its secrets are those of an installation that
// is thrown away.
func (r request) String() string {
	address := r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	body, kind := r.body()
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s", r.method, cut(address))
	for _, name := range slices.Sorted(maps.Keys(r.header)) {
		if name != "Authorization" {
			fmt.Fprintf(&out, " | %s: %s", name, cut(strings.Join(r.header[name], ", ")))
		}
	}
	if kind != "" {
		fmt.Fprintf(&out, " | %s: %s", kind, cut(string(body)))
	}
	return out.String()
}

func cut(s string) string {
	if len(s) > maxShown {
		return strings.ToValidUTF8(s[:maxShown], "") + fmt.Sprintf("… (%d bytes)", len(s))
	}
	return s
}

// print writes the report for people.
func (p *report) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "seed\t%d\n", p.Seed)
	_, _ = fmt.Fprintf(w, "requests\t%d in %.0f s (%.0f/s)\n", p.Requests, p.Seconds, float64(p.Requests)/max(p.Seconds, 0.001))
	for _, from := range slices.Sorted(maps.Keys(p.Answers)) {
		total, text := 0, ""
		for _, class := range slices.Sorted(maps.Keys(p.Answers[from])) {
			total += p.Answers[from][class]
			text += fmt.Sprintf(", %s: %d", class, p.Answers[from][class])
		}
		_, _ = fmt.Fprintf(w, "learned from %s\t%d requests%s\n", from, total, text)
	}
	for _, s := range p.Slowest {
		_, _ = fmt.Fprintf(w, "slow\t%.0f ms: %s\n", s.Milliseconds, s.Request)
	}
	_, _ = fmt.Fprintf(w, "memory\tbefore %s, after %s\n", p.MemoryBefore, p.MemoryAfter)
	_, _ = fmt.Fprintf(w, "findings\t%d\n", p.Found)
	for _, f := range p.Findings {
		_, _ = fmt.Fprintf(w, "%s\t%s\n", f.Kind, f.Detail)
		if f.Request != "" {
			_, _ = fmt.Fprintf(w, "\t%s\n", f.Request)
		}
	}
	return w.Flush()
}

func (m memory) String() string {
	return fmt.Sprintf("%.1f MB (heap %.1f MB)", m.Resident/1e6, m.Heap/1e6)
}

// memory asks the service's metrics.
func (s scholar) memory(ctx context.Context) (memory, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.target.Admin+"/metrics", nil)
	if err != nil {
		return memory{}, err
	}
	res, err := s.http.Do(r)
	if err != nil {
		return memory{}, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err != nil {
		return memory{}, err
	}
	value := func(name string) (v float64) {
		for line := range strings.Lines(string(text)) {
			if number, ok := strings.CutPrefix(line, name+" "); ok {
				v, _ = strconv.ParseFloat(strings.TrimSpace(number), 64) // a figure that is missing shows as 0
			}
		}
		return v
	}
	return memory{Resident: value("process_resident_memory_bytes"), Heap: value("go_memstats_heap_inuse_bytes")}, nil
}
