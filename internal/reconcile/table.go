package reconcile

import (
	"hash/maphash"
	"math/bits"
)

// table finds bills by a number, an id or a link. What matching costs is waiting for memory, so this is an open hash table
// of small slots without pointers, which can be asked to fetch many slots before they are used.
type table struct {
	slots []slot // a power of two, at most two thirds in use
	shift int    // 64 less the bits that number the slots
	used  int
	// What numbers are scattered by differs from table to table, so that nobody can think up ids that all want one slot.
	// It decides where a number stands, never what is found.
	mask, factor uint64
	fetched      int32 // means nothing: it keeps the compiler from leaving fetch out
}

// slot is what is known of one number. A slot that was never used has no first.
type slot struct {
	key   int64
	first int32 // the place of a bill
	count int32 // bills; 0 where all have left
}

// atOnce is how many slots are fetched before they are used: enough to keep memory busy, few enough for the first cache.
const atOnce = 128

// newTable has room for so many numbers, and grows.
func newTable(numbers int) *table {
	seed := maphash.MakeSeed()
	t := &table{mask: maphash.String(seed, "mask"), factor: maphash.String(seed, "factor") | 1}
	t.resize(max(bits.Len(uint(numbers+numbers/2)), 4))
	return t
}

func (t *table) resize(width int) {
	old := t.slots
	t.slots, t.shift = make([]slot, 1<<width), 64-width
	for _, s := range old {
		if s.first != 0 {
			*t.at(s.key) = s
		}
	}
}

// home is where the search for a number begins.
func (t *table) home(key int64) uint64 {
	mixed := mix(uint64(key)^t.mask, t.factor) //nolint:gosec // bits, not a quantity
	return mix(mixed, 0x9E3779B97F4A7C15) >> (t.shift & 63)
}

func mix(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

// at is the slot of a number: the one that it has, or else the unused one that it would get.
func (t *table) at(key int64) *slot {
	for i := t.home(key); ; i++ {
		if i == uint64(len(t.slots)) {
			i = 0
		}
		if s := &t.slots[i]; s.key == key || s.first == 0 {
			return s
		}
	}
}

// take is the slot of a number that is about to use it.
func (t *table) take(key int64) *slot {
	s := t.at(key)
	if s.first != 0 {
		return s
	}
	if t.used++; 3*t.used > 2*len(t.slots) {
		t.resize(64 - t.shift + 1)
		s = t.at(key)
	}
	s.key = key
	return s
}

// fetch brings the slots of these numbers near. The processor waits for memory once for many of them here, where it would
// wait once for each of them on the way.
func (t *table) fetch(keys []int64) {
	for _, key := range keys {
		t.fetched += t.slots[t.home(key)].first
	}
}
