package connlimit

import "container/heap"

// queue holds connections in the order in which they came.
type queue struct{ ring link }

// link is a connection's place in a queue. The zero link is in none.
type link struct {
	before, behind *link
	of             *conn
}

func (q *queue) add(l *link, c *conn) {
	if q.ring.before == nil {
		q.ring.before, q.ring.behind = &q.ring, &q.ring
	}
	l.of, l.before, l.behind = c, q.ring.before, &q.ring
	l.before.behind, l.behind.before = l, l
}

func (l *link) remove() {
	if l.of == nil {
		return
	}
	l.before.behind, l.behind.before = l.behind, l.before
	*l = link{}
}

// first is nil when nobody is there.
func (q *queue) first() *conn {
	if q.ring.behind == nil {
		return nil
	}
	return q.ring.behind.of // of the ring itself: nil
}

// next is who came after c.
func (l *link) next() *conn { return l.behind.of }

// ranking is a heap of the sites that have quiet connections, the busiest first.
type ranking []*site

const nowhere = -1 // the place of a site that is not in it

// update puts a site where it belongs after its numbers have changed.
func (r *ranking) update(s *site) {
	switch {
	case s.place == nowhere && s.quiet > 0:
		heap.Push(r, s)
	case s.place != nowhere && s.quiet == 0:
		heap.Remove(r, s.place)
	case s.place != nowhere:
		heap.Fix(r, s.place)
	}
}

// Len and the methods after it implement [heap.Interface].
func (r *ranking) Len() int           { return len(*r) }
func (r *ranking) Less(i, j int) bool { return (*r)[i].weight() > (*r)[j].weight() }
func (r *ranking) Swap(i, j int) {
	(*r)[i], (*r)[j] = (*r)[j], (*r)[i]
	(*r)[i].place, (*r)[j].place = i, j
}

func (r *ranking) Push(x any) {
	s, _ := x.(*site)
	s.place = len(*r)
	*r = append(*r, s)
}

func (r *ranking) Pop() any {
	last := len(*r) - 1
	s := (*r)[last]
	(*r)[last] = nil
	*r = (*r)[:last]
	s.place = nowhere
	return s
}
