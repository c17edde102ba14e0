package reconcile

import (
	"iter"
	"slices"
	"strconv"
	"strings"
)

// Bills finds bills by either link. A bill that is added again replaces what was known of it.
//
// A bill keeps the place that it got first. Places count from 1; 0 is none.
type Bills struct {
	all   []knownBill
	ids   *table           // of ids that are numbers, as most are
	names map[string]int32 // id -> place, for the others
	links *table           // a link that is no number is no invoice's, and in no index
}

// knownBill is a bill, and its neighbours in the list of those that carry the same link: it can leave without anybody
// looking through the list.
type knownBill struct {
	*Bill
	next, before int32
}

// NewBills is an empty index.
func NewBills() *Bills {
	return &Bills{ids: newTable(0), names: map[string]int32{}, links: newTable(0)}
}

// Add takes bills in. They are not copied: whoever adds them leaves them as they are.
func (b *Bills) Add(bills ...Bill) {
	if len(b.all) == 0 {
		b.ids, b.links = newTable(len(bills)), newTable(len(bills)) // which spares them from growing step by step
	}
	b.all = slices.Grow(b.all, len(bills))
	for some := range slices.Chunk(bills, atOnce) {
		b.fetch(some)
		for i := range some {
			b.add(&some[i])
		}
	}
}

// fetch brings near what adding these bills will look at.
func (b *Bills) fetch(bills []Bill) {
	var ids, links [atOnce]int64
	for i := range bills {
		ids[i], _ = number(bills[i].ID)
		links[i], _ = number(bills[i].Link)
	}
	b.ids.fetch(ids[:len(bills)])
	b.links.fetch(links[:len(bills)])
}

func (b *Bills) add(bill *Bill) {
	place, known := b.name(bill.ID)
	switch {
	case !known:
		b.all = append(b.all, knownBill{Bill: bill})
		b.enter(place)
	case b.at(place).Link == bill.Link:
		b.at(place).Bill = bill
	default:
		b.leave(place)
		b.at(place).Bill = bill
		b.enter(place)
	}
}

func (b *Bills) at(place int32) *knownBill { return &b.all[place-1] }

// place is where the bill of that id stands.
func (b *Bills) place(id string) int32 {
	if n, is := number(id); is {
		return b.ids.at(n).first
	}
	return b.names[id]
}

// name is place, and makes the next one the bill's if it has none.
func (b *Bills) name(id string) (place int32, known bool) {
	next := int32(len(b.all) + 1) //nolint:gosec // no memory holds as many bills
	n, is := number(id)
	if !is {
		if place, known = b.names[id]; !known {
			place, b.names[id] = next, next
		}
		return place, known
	}
	s := b.ids.take(n)
	if known = s.count > 0; !known {
		s.first, s.count = next, 1
	}
	return s.first, known
}

// enter puts a bill into the list of its link, in front.
func (b *Bills) enter(place int32) {
	link, is := number(b.at(place).Link)
	if !is {
		return
	}
	s := b.links.take(link)
	if s.count > 0 {
		b.at(place).next = s.first
		b.at(s.first).before = place
	}
	s.first = place
	s.count++
}

// leave takes a bill out of the list of its link.
func (b *Bills) leave(place int32) {
	bill := b.at(place)
	link, is := number(bill.Link)
	if !is {
		return
	}
	s := b.links.at(link)
	s.count--
	if bill.next != 0 {
		b.at(bill.next).before = bill.before
	}
	switch {
	case bill.before != 0:
		b.at(bill.before).next = bill.next
	case bill.next != 0:
		s.first = bill.next
	}
	bill.next, bill.before = 0, 0
}

// from is the list of bills with one link, from its first one on.
func (b *Bills) from(first int32) iter.Seq[*Bill] {
	return func(yield func(*Bill) bool) {
		for place := first; place != 0 && yield(b.at(place).Bill); {
			place = b.at(place).next
		}
	}
}

// number reads a whole number as FormatInt writes it and no other: two of these texts are the same exactly if their
// numbers are. "007", "+7" and " 7" are none.
func number(text string) (n int64, is bool) {
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || digits[0] == '0' && text != "0" {
		return 0, false
	}
	for i := range len(digits) {
		digit := digits[i] - '0'
		if digit > 9 {
			return 0, false
		}
		n = 10*n + int64(digit)
	}
	const surely = 18 // digits fit into an int64
	if len(digits) == len(text) && len(digits) <= surely {
		return n, true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}
