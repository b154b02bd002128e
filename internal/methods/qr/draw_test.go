package qr

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"rsc.io/qr"
)

// What is drawn is the code, module for module, within the white margin that scanners need:
// each row in runs that do not touch each other.
func TestDrawingIsTheCode(t *testing.T) {
	t.Parallel()
	const text = "AVAIN1:a-sample-that-nobody-can-claim.0000000.AAAAAAAAAAAAAAAA"
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := draw(text)
	if err != nil {
		t.Fatal(err)
	}
	side := code.Size + 8
	head := fmt.Sprintf(`viewBox="0 0 %d %d" `, side, side)
	white := fmt.Sprintf(`fill="#fff" d="M0 0h%dv%dH0z"`, side, side)
	if svg := string(drawn); !strings.Contains(svg, head) || !strings.Contains(svg, white) {
		t.Errorf("not %d modules wide and high, or not white: %s", side, svg)
	}
	type module struct{ x, y int }
	black := map[module]bool{}
	runs := regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`).FindAllStringSubmatch(string(drawn), -1)
	for _, run := range runs {
		var n [4]int
		for i := range n {
			if n[i], err = strconv.Atoi(run[i+1]); err != nil {
				t.Fatal(err)
			}
		}
		x, y, length, back := n[0], n[1], n[2], n[3]
		if length != back || length < 1 || black[module{x - 1, y}] {
			t.Errorf("%s is no run of its own", run[0])
		}
		for i := range length {
			black[module{x + i, y}] = true
		}
	}
	for y := range side {
		for x := range side {
			if at := (module{x, y}); black[at] != code.Black(x-4, y-4) {
				t.Fatalf("module %d, %d is black: %t", x, y, black[at])
			}
		}
	}
	if len(runs) < code.Size {
		t.Errorf("only %d runs", len(runs))
	}
}
