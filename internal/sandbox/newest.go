package sandbox

import (
	"cmp"
	"iter"
	"slices"
	"time"
)

// newest holds documents in the order of Precoro's listings, newest first and then by id, so that a page of a large world
// need not sort it. It is put in order when it is read: a document that is newer than all others, as those made through the
// API are, keeps the order.
type newest[D any] struct {
	oldestFirst []*D
	unordered   bool
	key         func(*D) (created time.Time, id int64)
}

func (n *newest[D]) before(a, b *D) int {
	createdA, idA := n.key(a)
	createdB, idB := n.key(b)
	return cmp.Or(createdA.Compare(createdB), cmp.Compare(idA, idB))
}

func (n *newest[D]) add(document *D) {
	if last := len(n.oldestFirst) - 1; last >= 0 && n.before(n.oldestFirst[last], document) > 0 {
		n.unordered = true
	}
	n.oldestFirst = append(n.oldestFirst, document)
}

// moved must be called when a document's key changed.
func (n *newest[D]) moved() { n.unordered = true }

func (n *newest[D]) remove(gone func(*D) bool) {
	n.oldestFirst = slices.DeleteFunc(n.oldestFirst, gone)
}

// those are the documents that fit, newest first.
func (n *newest[D]) those(fit func(*D) bool) iter.Seq[*D] {
	if n.unordered {
		slices.SortFunc(n.oldestFirst, n.before)
		n.unordered = false
	}
	return func(yield func(*D) bool) {
		for _, document := range slices.Backward(n.oldestFirst) {
			if fit(document) && !yield(document) {
				return
			}
		}
	}
}
