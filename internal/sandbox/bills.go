package sandbox

import (
	"cmp"
	"slices"
)

// bills are the purchase documents of Erply. They are found by id, in the order of ids and by attribute without looking at
// all of them: a hundred thousand must not make a bulk call slow.
type bills struct {
	byID        map[int64]*Bill
	ids         []int64               // upwards
	byAttribute map[attribute][]int64 // ids, upwards
}

type attribute struct{ name, value string }

func newBills() bills {
	return bills{byID: map[int64]*Bill{}, byAttribute: map[attribute][]int64{}}
}

// put adds a bill, or takes the place of the one with its id. A bill that was put is not changed any more.
func (s *bills) put(b *Bill) {
	old := s.byID[b.ID]
	if old == nil {
		s.ids = with(s.ids, b.ID)
		old = &Bill{}
	}
	s.byID[b.ID] = b
	for name, value := range old.Attributes {
		if now, has := b.Attributes[name]; !has || now != value {
			key := attribute{name, value}
			if s.byAttribute[key] = without(s.byAttribute[key], b.ID); len(s.byAttribute[key]) == 0 {
				delete(s.byAttribute, key)
			}
		}
	}
	for name, value := range b.Attributes {
		key := attribute{name, value}
		s.byAttribute[key] = with(s.byAttribute[key], b.ID)
	}
}

func with(ids []int64, id int64) []int64 {
	if i, found := slices.BinarySearch(ids, id); !found {
		return slices.Insert(ids, i, id)
	}
	return ids
}

func without(ids []int64, id int64) []int64 {
	if i, found := slices.BinarySearch(ids, id); found {
		return slices.Delete(ids, i, i+1)
	}
	return ids
}

// find returns one page of the bills that fit, and how many fit in all.
func (s *bills) find(q search) (page []*Bill, total int) {
	ids := s.candidates(q)
	if q.narrow {
		ids = slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return !q.fits(s.byID[id]) })
	}
	from := min((min(q.page, len(ids)+1)-1)*q.size, len(ids))
	for i := from; i < min(from+q.size, len(ids)); i++ {
		at := i
		if q.order < 0 {
			at = len(ids) - 1 - i
		}
		page = append(page, s.byID[ids[at]])
	}
	return page, len(ids)
}

// candidates are ids among which are those of all bills that fit, upwards.
func (s *bills) candidates(q search) []int64 {
	switch {
	case q.params["id"] != "":
		return s.known(q.params["id"])
	case q.ids != nil:
		return s.known(q.ids...)
	case q.params["searchAttributeName"] != "":
		return s.byAttribute[attribute{q.params["searchAttributeName"], q.params["searchAttributeValue"]}]
	}
	return s.ids
}

func (s *bills) known(texts ...string) []int64 {
	var ids []int64
	for _, text := range texts {
		if id, ok := positive(text); ok && s.byID[id] != nil {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, cmp.Compare[int64])
	return slices.Compact(ids)
}
