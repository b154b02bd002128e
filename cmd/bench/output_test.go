package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestFigureIsTheMedianWithItsSpread(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		runs []float64
		bar  *bar
		want string
	}{
		"odd":    {[]float64{310, 190, 205}, atLeast(200), "x 205 /s # 190–310 in 3 runs bar ≥ 200: met"},
		"even":   {[]float64{4, 1, 3, 2}, atLeast(3), "x 2.50 /s # 1.00–4.00 in 4 runs bar ≥ 3: MISSED"},
		"one":    {[]float64{0.1234}, nil, "x 0.123 /s"},
		"below":  {[]float64{149}, below(150), "x 149 /s # bar < 150: met"},
		"at bar": {[]float64{150}, below(150), "x 150 /s # bar < 150: MISSED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line := of("x", "/s", c.runs).against(c.bar).String()
			if got := strings.Join(strings.Fields(line), " "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestPrinterKeepsOneDocumentForTheEnd(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := printer{out: &out, asJSON: true}
	for _, name := range []string{"a", "b"} {
		if err := p.print([]figure{of(name, "ms", []float64{1})}); err != nil {
			t.Fatal(err)
		}
	}
	if out.Len() != 0 {
		t.Fatalf("printed before the end: %s", out.String())
	}
	if err := p.end(machine{Cores: 2}); err != nil {
		t.Fatal(err)
	}
	var document struct {
		Machine machine
		Figures []figure
	}
	if err := json.Unmarshal(out.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	if document.Machine.Cores != 2 || len(document.Figures) != 2 || document.Figures[1].Name != "b" {
		t.Errorf("got %+v", document)
	}
}
