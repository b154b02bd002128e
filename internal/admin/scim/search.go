package scim

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
)

const (
	defaultCount = 100
	maxCount     = 200

	walkPage = 1000    // records at once, of a walk over all
	maxWalk  = 200_000 // records of one walk; as many as an import may have
)

// request is what a list is asked for (RFC 7644 §3.4.2, §3.4.3). It is not sorted, as
// ServiceProviderConfig says.
type request struct {
	Filter     string   `json:"filter"`
	Start      *int     `json:"startIndex"`
	Count      *int     `json:"count"`
	Attributes []string `json:"attributes"`
	Excluded   []string `json:"excludedAttributes"`

	parts parts
}

func requestOf(query url.Values) (r request, err error) {
	r.Filter = query.Get("filter")
	for name, to := range map[string]**int{"startIndex": &r.Start, "count": &r.Count} {
		s := query.Get(name)
		if s == "" {
			continue
		}
		n, err := strconv.Atoi(s)
		if err != nil {
			return r, bad("invalidValue", name+" must be a number.")
		}
		*to = &n
	}
	r.parts, err = partsOf(query)
	return r, err
}

// window is the first one to answer, from 1, and how many. Less than none is none.
func (r request) window() (start, count int) {
	start, count = 1, defaultCount
	if r.Start != nil {
		start = min(max(*r.Start, 1), 1<<30)
	}
	if r.Count != nil {
		count = min(max(*r.Count, 0), maxCount)
	}
	return start, count
}

func (f *Feature) list(w http.ResponseWriter, c call) error {
	r, err := requestOf(c.URL.Query())
	if err != nil {
		return err
	}
	return f.search(w, c, r)
}

// posted is a search whose words stay out of addresses, and so out of logs (§3.4.3).
func (f *Feature) posted(w http.ResponseWriter, c call) error {
	var r request
	err := read(c, &r)
	if err == nil {
		r.parts, err = newParts(r.Attributes, r.Excluded)
	}
	if err != nil {
		return err
	}
	return f.search(w, c, r)
}

func (f *Feature) search(w http.ResponseWriter, c call, r request) error {
	start, count := r.window()
	var found []employment.Employment
	var total int64
	var err error
	if r.Filter == "" {
		found, total, err = f.Store.NamedEmployments(c.Context(), c.employer, start-1, count)
	} else {
		found, total, err = f.filtered(c, r.Filter, start, count)
	}
	if err != nil {
		return err
	}
	resources := make([]any, 0, len(found))
	for _, m := range found {
		one, err := r.parts.of(userOf(m, f.root()))
		if err != nil {
			return err
		}
		resources = append(resources, one)
	}
	answer(w, http.StatusOK, listing{[]string{schemaList}, total, start, len(resources), resources})
	return nil
}

// filtered holds a filter against everybody whom an index does not choose out.
func (f *Feature) filtered(c call, text string, start, count int) (found []employment.Employment, total int64, err error) {
	filter, err := parseFilter(text)
	if err != nil {
		return nil, 0, err
	}
	l := narrow(filter)
	if l.ID != "" {
		m, err := f.Store.EmploymentOf(c.Context(), c.employer, l.ID)
		switch {
		case errors.Is(err, fault.ErrNotFound):
			return nil, 0, nil
		case err != nil:
			return nil, 0, err
		case m.UserName == "" || !filter.matches(userOf(m, f.root())):
			return nil, 0, nil
		}
		return page([]employment.Employment{m}, start, count), 1, nil
	}
	if l == (Lookup{}) && f.Walks != nil {
		if err := f.Walks.Check(c.key.ID); err != nil {
			return nil, 0, err // one employer's directory must not keep the database from all people
		}
	}
	for walked := 0; ; walked += walkPage {
		if walked >= maxWalk {
			return nil, 0, bad("tooMany", "The filter asks for more than we look through: add userName, externalId or emails.value.")
		}
		some, err := f.List(c.Context(), c.employer, l, walkPage)
		if err != nil {
			return nil, 0, err
		}
		for _, m := range some {
			if !filter.matches(userOf(m, f.root())) {
				continue
			}
			if total++; total >= int64(start) && len(found) < count {
				found = append(found, m)
			}
		}
		if len(some) < walkPage {
			return found, total, nil
		}
		l.After = some[len(some)-1].ID
	}
}

func page(all []employment.Employment, start, count int) []employment.Employment {
	from := min(start-1, len(all))
	return all[from:min(from+count, len(all))]
}

const schemaList = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

type listing struct {
	Schemas   []string `json:"schemas"`
	Total     int64    `json:"totalResults"`
	Start     int      `json:"startIndex"`
	Count     int      `json:"itemsPerPage"`
	Resources any      `json:"Resources"`
}

func listOf(all ...any) listing {
	if all == nil {
		all = []any{}
	}
	return listing{[]string{schemaList}, int64(len(all)), 1, len(all), all}
}
