package audit

import "slices"

// Position is how far a stream is in the log. Transactions overtake each other, so numbers
// before the last may still be missing.
type Position struct {
	Num     int64   // the last number that is there
	Missing []int64 // the numbers before it that are not
}

// Take puts the next entry of the stream in. It returns false when the number is there
// already: somebody has put the entry in again.
func (p *Position) Take(num int64) bool {
	if num > p.Num {
		for n := p.Num + 1; n < num; n++ {
			p.Missing = append(p.Missing, n)
		}
		p.Num = num
		return true
	}
	i := slices.Index(p.Missing, num)
	if i < 0 {
		return false
	}
	p.Missing = slices.Delete(p.Missing, i, i+1)
	return true
}

// Has reports whether a number is there.
func (p *Position) Has(num int64) bool { return num <= p.Num && !slices.Contains(p.Missing, num) }
