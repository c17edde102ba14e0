package sandbox

import (
	"cmp"
	"slices"
	"time"
)

// newest holds documents in the order of Precoro's listings, newest first and then by id, so that a page of a large world
// costs what a page does and not what the world does.
type newest[D any] struct {
	oldestFirst []*D
	unordered   bool // put in order when it is read: documents made through the API come in order
	key         func(*D) (created time.Time, id int64)

	// What was found last: the pages of a listing ask for the same one after another.
	filter  string
	changes int // guard.changes then
	found   []*D
}

func (n *newest[D]) order(a, b *D) int {
	createdA, idA := n.key(a)
	createdB, idB := n.key(b)
	return cmp.Or(createdA.Compare(createdB), cmp.Compare(idA, idB))
}

func (n *newest[D]) add(document *D) {
	if last := len(n.oldestFirst) - 1; last >= 0 && n.order(n.oldestFirst[last], document) > 0 {
		n.unordered = true
	}
	n.oldestFirst = append(n.oldestFirst, document)
}

// moved must be called when a document's key may have changed.
func (n *newest[D]) moved() { n.unordered = true }

func (n *newest[D]) remove(gone func(*D) bool) {
	n.oldestFirst = slices.DeleteFunc(n.oldestFirst, gone)
}

// those are the documents that fit, newest first. The filter is what fits is made from, and changes is the guard's count.
func (n *newest[D]) those(filter string, changes int, fits func(*D) bool) []*D {
	if n.found != nil && n.filter == filter && n.changes == changes {
		return n.found
	}
	if n.unordered {
		slices.SortFunc(n.oldestFirst, n.order)
		n.unordered = false
	}
	n.filter, n.changes, n.found = filter, changes, []*D{}
	for _, document := range slices.Backward(n.oldestFirst) {
		if fits(document) {
			n.found = append(n.found, document)
		}
	}
	return n.found
}
