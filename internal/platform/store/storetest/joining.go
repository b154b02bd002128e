package storetest

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/store"

	"pgregory.net/rapid"
)

// society is who is who, in plain Go: sets of records that are one human, of whom at
// most one has a code.
type society struct {
	human     map[string]string          // record → the set it is in, named by any of its records
	code      map[string]int             // set → index of its code
	locked    map[string]bool            // set
	plus      map[string]bool            // set
	benefits  map[string][]login.Benefit // record → what its employments give
	sessions  map[string][]string        // record
	subject   map[string]string          // record
	names     map[string]string          // user name → record
	held      map[string]string          // employment → record, or ""
	meant     map[string]int             // employment → the only code that may activate, or -1
	employers map[string]string          // employment → employer's name
	usedBy    map[string]string          // employment → record that activated it
	invited   map[string]string          // employment → its invitation
	kinds     map[string][]string        // employment → kinds of benefits
	isPlus    map[string]bool            // employment
}

func newSociety() *society {
	return &society{
		human: map[string]string{}, code: map[string]int{}, locked: map[string]bool{}, plus: map[string]bool{},
		benefits: map[string][]login.Benefit{}, sessions: map[string][]string{}, subject: map[string]string{}, names: map[string]string{},
		held: map[string]string{}, meant: map[string]int{}, employers: map[string]string{}, usedBy: map[string]string{},
		invited: map[string]string{}, kinds: map[string][]string{}, isPlus: map[string]bool{},
	}
}

// withCode finds the set that has the code.
func (m *society) withCode(code int) string {
	for set, c := range m.code {
		if c == code {
			return set
		}
	}
	return ""
}

// merge makes the set from a part of the set into.
func (m *society) merge(from, into string) {
	for record, set := range m.human {
		if set == from {
			m.human[record] = into
		}
	}
	m.locked[into] = m.locked[into] || m.locked[from]
	m.plus[into] = m.plus[into] || m.plus[from]
	m.endLocked(into)
}

// endLocked says that a locked human has no session, whichever of their records was locked.
func (m *society) endLocked(set string) {
	for record, of := range m.human {
		if of == set && m.locked[set] {
			delete(m.sessions, record)
		}
	}
}

// activate says what must come of the human with the code bringing the employment's
// invitation. made is the record that is written when nobody has the code yet.
func (m *society) activate(employment string, code int, made string) error {
	if owner := m.usedBy[employment]; owner != "" {
		if m.withCode(code) == m.human[owner] {
			return nil
		}
		return fault.ErrExists
	}
	if only := m.meant[employment]; only >= 0 && only != code {
		return fault.ErrExists
	}
	set := m.withCode(code)
	if held := m.held[employment]; held != "" {
		before := m.human[held]
		_, verified := m.code[before]
		switch {
		case before == set:
		case verified:
			return fault.ErrExists
		case set != "":
			m.merge(before, set)
		default:
			set, m.code[before] = before, code
		}
	} else if set == "" {
		set, m.human[made], m.code[made] = made, made, code
	}
	record := m.held[employment]
	if record == "" {
		record = m.standsFor(set)
	}
	m.usedBy[employment] = record
	for _, kind := range m.kinds[employment] {
		m.benefits[record] = append(m.benefits[record], login.Benefit{Kind: kind, Employer: m.employers[employment]})
	}
	m.plus[set] = m.plus[set] || m.isPlus[employment]
	return nil
}

// standsFor is any record of the set: for what a human has, it does not matter which.
func (m *society) standsFor(set string) string { return set }

// of are the records of a set.
func (m *society) of(set string) []string {
	var records []string
	for record, in := range m.human {
		if in == set {
			records = append(records, record)
		}
	}
	return records
}

// everything is what the human has, in the order of the store.
func (m *society) everything(set string) (benefits []login.Benefit, sessions []string) {
	seen := map[login.Benefit]bool{}
	for _, record := range m.of(set) {
		for _, b := range m.benefits[record] {
			seen[b] = true
		}
		sessions = append(sessions, m.sessions[record]...)
	}
	benefits = slices.SortedFunc(maps.Keys(seen), func(a, b login.Benefit) int {
		return slices.Compare([]string{a.Kind, a.Employer}, []string{b.Kind, b.Employer})
	})
	slices.Sort(sessions)
	return benefits, sessions
}

// joiningFollowsTheModel lets people be hired, invited, activated, joined and locked in
// any order, and proves after each step that every record still leads to the right
// human, and that nobody has lost anything: benefits, sessions, user names, subjects.
func joiningFollowsTheModel(t *testing.T, s *store.Store) {
	rapid.Check(t, func(rt *rapid.T) {
		p := &play{T: t, rt: rt, s: s, m: newSociety()}
		for range 4 {
			p.lookups = append(p.lookups, hashBytes())
		}
		for n := range rapid.IntRange(1, 14).Draw(rt, "steps") {
			rapid.SampledFrom([]func(n int){p.newRecord, p.hire, p.hire, p.activate, p.activate, p.activate, p.join, p.lock}).Draw(rt, "step")(n)
			p.check()
		}
	})
}

type play struct {
	*testing.T
	rt      *rapid.T
	s       *store.Store
	m       *society
	lookups [][]byte
}

func (p *play) must(what string, err error) {
	if err != nil {
		p.rt.Fatalf("%s: %v", what, err)
	}
}

// newRecord is an older user: Smartum credentials, a session, no code.
func (p *play) newRecord(int) {
	person := Person()
	person.Benefits, person.SmartumPlus = nil, false
	p.must("add record", p.s.People.AddPerson(p.rt.Context(), person, nil, nil))
	c := Credential(person.ID)
	p.must("add credential", p.s.People.AddCredential(p.rt.Context(), c))
	r := ConfirmedFor(p.T, p.s, person.ID)
	r.Session = Session(person.ID)
	_, err := p.s.Attempts.RedeemCode(p.rt.Context(), r)
	p.must("sign in", err)
	p.m.human[person.ID], p.m.subject[person.ID], p.m.names[c.UserName] = person.ID, person.Subject, person.ID
	p.m.sessions[person.ID] = []string{r.Session.ID}
}

// hire adds an employment, for a record that there is or for nobody yet, for a code
// that the employer knows or for anybody.
func (p *play) hire(n int) {
	e := employment.Employer{ID: login.NewID(), Name: fmt.Sprintf("Employer %d", n), CreatedAt: Noon(), UpdatedAt: Noon()}
	p.must("add employer", p.s.Employments.AddEmployer(p.rt.Context(), e))
	m := Employment(e.ID)
	m.Benefits = []login.Benefit{{Kind: rapid.SampledFrom([]string{"lunch", "sports"}).Draw(p.rt, "kind"), ReleasedAt: Noon()}}
	if rapid.Bool().Draw(p.rt, "smartum") {
		m.Kind = employment.UserSmartum
	}
	if records := slices.Sorted(maps.Keys(p.m.human)); len(records) > 0 && rapid.Bool().Draw(p.rt, "held") {
		m.Person = rapid.SampledFrom(records).Draw(p.rt, "record")
	}
	p.m.meant[m.ID] = -1
	if rapid.IntRange(0, 3).Draw(p.rt, "known") == 0 {
		code := rapid.IntRange(0, len(p.lookups)-1).Draw(p.rt, "code")
		p.m.meant[m.ID], m.Lookup = code, p.lookups[code]
	}
	i := Invitation(m.ID)
	p.must("add and invite", p.s.Employments.AddInvited(p.rt.Context(), m, i))
	p.m.held[m.ID], p.m.employers[m.ID], p.m.kinds[m.ID], p.m.invited[m.ID] = m.Person, e.Name, []string{m.Benefits[0].Kind}, i.ID
	p.m.isPlus[m.ID] = m.Kind == employment.UserSmartumPlus
}

func (p *play) activate(int) {
	employments := slices.Sorted(maps.Keys(p.m.invited))
	if len(employments) == 0 {
		return
	}
	employment := rapid.SampledFrom(employments).Draw(p.rt, "employment")
	code := rapid.IntRange(0, len(p.lookups)-1).Draw(p.rt, "who")
	a := AsActivation(p.m.invited[employment], p.lookups[code])
	want := p.m.activate(employment, code, a.Person.ID)
	if p.m.human[a.Person.ID] != "" {
		p.m.subject[a.Person.ID] = a.Person.Subject
	}
	done, err := p.s.People.Activate(p.rt.Context(), a, noJobs)
	if !errors.Is(err, want) {
		p.rt.Fatalf("activate: got %v, want %v", err, want)
	}
	if err == nil && p.m.human[done.Person.ID] != p.m.withCode(code) {
		p.rt.Fatalf("activate led to %s", done.Person.ID)
	}
}

func (p *play) join(int) {
	records := slices.Sorted(maps.Keys(p.m.human))
	if len(records) < 2 {
		return
	}
	from := rapid.SampledFrom(records).Draw(p.rt, "from")
	into := rapid.SampledFrom(records).Draw(p.rt, "into")
	var want error
	a, b := p.m.human[from], p.m.human[into]
	if _, verified := p.m.code[a]; verified && a != b {
		want = fault.ErrExists
	} else if a != b {
		p.m.merge(a, b)
	}
	if err := p.s.People.JoinPersons(p.rt.Context(), from, into, Noon()); !errors.Is(err, want) {
		p.rt.Fatalf("join: got %v, want %v", err, want)
	}
}

func (p *play) lock(int) {
	records := slices.Sorted(maps.Keys(p.m.human))
	if len(records) == 0 {
		return
	}
	record := rapid.SampledFrom(records).Draw(p.rt, "locked")
	p.must("lock", p.s.People.LockPerson(p.rt.Context(), record, Noon().Add(time.Hour)))
	p.m.locked[p.m.human[record]] = true
	p.m.endLocked(p.m.human[record])
}

func (p *play) check() {
	humans := map[string]string{} // set → id of the person
	for record, set := range p.m.human {
		got, err := p.s.People.PersonByID(p.rt.Context(), record)
		p.must("find", err)
		if before, seen := humans[set]; seen && before != got.ID {
			p.rt.Fatalf("one human, two persons: %s and %s", before, got.ID)
		}
		humans[set] = got.ID
		benefits, _ := p.m.everything(set)
		if got.Subject != p.m.subject[record] || got.Locked() != p.m.locked[set] || got.SmartumPlus != p.m.plus[set] || !reflect.DeepEqual(got.Benefits, benefits) {
			p.rt.Fatalf("record %s:\n got %+v\nwant subject %s, locked %v, plus %v, benefits %+v",
				record, got, p.m.subject[record], p.m.locked[set], p.m.plus[set], benefits)
		}
	}
	if distinct := map[string]bool{}; true {
		for _, id := range humans {
			if distinct[id] {
				p.rt.Fatalf("two humans, one person: %s", id)
			}
			distinct[id] = true
		}
	}
	p.checkBelongings(humans)
}

func (p *play) checkBelongings(humans map[string]string) {
	for set, id := range humans {
		_, want := p.m.everything(set)
		all, err := p.s.Sessions.SessionsOfPerson(p.rt.Context(), id)
		p.must("sessions", err)
		var got []string
		for _, session := range all {
			got = append(got, session.ID)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			p.rt.Fatalf("sessions of %s: %v, want %v", id, got, want)
		}
		if code, verified := p.m.code[set]; verified {
			found, _, err := p.s.People.PersonByLookup(p.rt.Context(), [][]byte{p.lookups[code]})
			p.must("by code", err)
			if found.ID != id {
				p.rt.Fatalf("by code: %s, want %s", found.ID, id)
			}
		}
	}
	for name, record := range p.m.names {
		c, err := p.s.People.CredentialByName(p.rt.Context(), name)
		p.must("by user name", err)
		if person, err := p.s.People.PersonByID(p.rt.Context(), c.Person); err != nil || person.ID != humans[p.m.human[record]] {
			p.rt.Fatalf("by user name: %s, %v", person.ID, err)
		}
	}
}
