package workflows

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"go.temporal.io/sdk/workflow"

	"payrecon/activities"
	"payrecon/erp"
	"payrecon/internal/reconcile"
)

// A payment made in the ERP does not touch the Precoro invoice, so both sides' changes are read: Precoro's feed of
// invoices and the ERP's feed of bills. What neither names is as it was. What both miss is found by the next full run.

// readChanges reads both feeds, and the invoices that only the ERP's feed or an unfinished invoice makes worth a request.
func (r *run) readChanges(ctx workflow.Context) ([]reconcile.Invoice, error) {
	rows, err := r.readListing(ctx, r.since().Precoro)
	if err != nil {
		return nil, err
	}
	changed, err := r.readChangedBills(ctx)
	if err != nil {
		return nil, err
	}
	wanted := r.wantedBeside(rows, changed)
	var more []reconcile.Invoice
	if !wanted.none() && r.sizes.Invoices > 0 && r.choose(wanted.choice(r.sizes)) {
		if more, err = r.readListing(ctx, time.Time{}); err == nil {
			more = wanted.among(more, r.settings.Linking)
		}
	} else {
		more, err = r.readWanted(ctx, wanted)
	}
	if err != nil {
		return nil, err
	}
	return r.withoutEchoes(byID(append(rows, more...)), changed), nil
}

// readChangedBills reads the ERP's feed.
func (r *run) readChangedBills(ctx workflow.Context) ([]reconcile.Bill, error) {
	var changed []reconcile.Bill
	for cursor := ""; ; {
		listed, err := askERP(ctx, r, r.listPrice(), fmt.Sprintf("list changed bills, %d so far", len(changed)), act.ListBills,
			activities.ListBillsRequest{Company: r.settings.Ref(), Query: erp.ListQuery{ChangedSince: r.since().ERP, Cursor: cursor}})
		if err != nil {
			return nil, r.giveUp(err)
		}
		r.billsFrom(listed.Read, listed.Time)
		changed = append(changed, listed.Bills...)
		r.bills.Add(listed.Bills...)
		if cursor = listed.Next; cursor == "" {
			r.progress.Changed = len(changed)
			return changed, nil
		}
		r.show(ctx)
	}
}

// wanted are invoices that Precoro's feed does not name: by number, by database id, and by what they carry.
type wanted struct {
	idns, ids []int64
	externals []string
}

func (w wanted) none() bool { return len(w.idns)+len(w.ids)+len(w.externals) == 0 }

// wantedBeside are the invoices of changed bills that hold something for Precoro, and open ones that may have become
// different: those that are not finished, and those whose bill changed.
func (r *run) wantedBeside(rows []reconcile.Invoice, changed []reconcile.Bill) wanted {
	var w wanted
	linking := r.settings.Linking
	named := newNames(linking, rows)
	bills := billNames(changed)
	var open []reconcile.Invoice
	for _, one := range r.start.Memory.Open {
		inv := one.invoice()
		unfinished := one.Reason == "" || one.Reason == reconcile.Unverified
		if !named.has(inv) && (unfinished || bills.name(linking, inv)) {
			w.idns = append(w.idns, one.Invoice)
		}
		open = append(open, inv)
	}
	named.add(linking, open)
	for _, bill := range changed {
		switch {
		case named.of(bill) || !bill.ForPrecoro():
		case bill.Link != "" && slices.Contains(linking.Sides, reconcile.LinkERP):
			w.byLink(linking, bill.Link, r.start.Memory.Numbers)
		case slices.Contains(linking.Sides, reconcile.LinkPrecoro):
			w.externals = append(w.externals, bill.ID)
		}
	}
	for _, numbers := range []*[]int64{&w.idns, &w.ids} {
		slices.Sort(*numbers)
		*numbers = slices.Compact(*numbers)
	}
	return w
}

// byLink adds the invoice that a bill's link names. What is no number names none.
func (w *wanted) byLink(linking reconcile.Linking, link string, known Numbers) {
	number, err := strconv.ParseInt(link, 10, 64)
	if err != nil || number <= 0 {
		return
	}
	idn, isKnown := number, linking.PrecoroKey == reconcile.PrecoroKeyIDN
	if !isKnown {
		idn, isKnown = numberOf(known, number)
	}
	if isKnown {
		w.idns = append(w.idns, idn)
	} else {
		w.ids = append(w.ids, number)
	}
}

// among picks the wanted ones out of a full listing.
func (w wanted) among(all []reconcile.Invoice, linking reconcile.Linking) []reconcile.Invoice {
	externals := map[string]bool{}
	if slices.Contains(linking.Sides, reconcile.LinkPrecoro) {
		for _, id := range w.externals {
			externals[id] = true
		}
	}
	var found []reconcile.Invoice
	for _, inv := range all {
		_, byIDN := slices.BinarySearch(w.idns, inv.IDN)
		_, byID := slices.BinarySearch(w.ids, inv.ID)
		if byIDN || byID || externals[inv.ExternalID] {
			found = append(found, inv)
		}
	}
	return found
}

// readWanted reads them by requests of their own.
func (r *run) readWanted(ctx workflow.Context, w wanted) ([]reconcile.Invoice, error) {
	rows, err := r.readSingly(ctx, w.idns)
	if err != nil {
		return nil, err
	}
	for _, id := range w.ids {
		found, err := r.lookUp(ctx, fmt.Sprintf("GET the invoice with id %d", id), activities.ListInvoicesRequest{ID: id})
		if err != nil {
			return nil, err
		}
		rows = append(rows, found...)
	}
	for chunk := range slices.Chunk(w.externals, perPage) {
		found, err := r.lookUp(ctx, fmt.Sprintf("GET the invoices of %d bills", len(chunk)), activities.ListInvoicesRequest{ExternalIDs: chunk})
		if err != nil {
			return nil, err
		}
		rows = append(rows, found...)
	}
	return rows, nil
}

// lookUp reads what fits a narrow filter: a page, as no bill is the bill of many invoices.
func (r *run) lookUp(ctx workflow.Context, summary string, request activities.ListInvoicesRequest) ([]reconcile.Invoice, error) {
	request.Company = r.settings.Ref()
	var rows []reconcile.Invoice
	for request.Page = 1; ; request.Page++ {
		answer, err := askPrecoro(ctx, r, summary, act.ListInvoices, request)
		if err != nil {
			return nil, r.giveUp(err)
		}
		rows = append(rows, answer.Invoices...)
		r.progress.Invoices += len(answer.Invoices)
		r.show(ctx)
		if !answer.More || request.Page >= maxPages {
			return rows, nil
		}
	}
}

// withoutEchoes leaves out rows that an earlier run has settled as they are. Precoro's feed is read a day too far back and
// shows our own writes, so most of its rows come again and again.
func (r *run) withoutEchoes(rows []reconcile.Invoice, changed []reconcile.Bill) []reconcile.Invoice {
	bills := billNames(changed)
	return slices.DeleteFunc(rows, func(inv reconcile.Invoice) bool {
		_, open := r.openBefore[inv.IDN]
		mark, before := r.start.Memory.Settled[inv.IDN]
		echo := before && mark == fingerprint(inv) && !open && !bills.name(r.settings.Linking, inv)
		if echo {
			r.report.Unchanged++
			r.settled[inv.IDN] = mark
		}
		return echo
	})
}

// maxSettled bounds what is remembered of settled rows, at some 20 bytes each. What is forgotten costs the look-up of a
// link.
const maxSettled = 5000

// settle remembers that nothing is left to do about an invoice as it stands.
func (r *run) settle(inv reconcile.Invoice) {
	if len(r.settled) < maxSettled && inv.Problem == "" && !r.openNow[inv.IDN] {
		r.settled[inv.IDN] = fingerprint(inv)
	}
}

// fingerprint names what a listing shows of an invoice. That two differ and share one is a matter of one in four thousand
// millions, and a full run does not go by it.
func fingerprint(inv reconcile.Invoice) uint32 {
	h := fnv.New32a()
	text := fmt.Sprintf("%d %d %s %s %q", inv.ID, inv.Status, inv.Total, inv.Paid, inv.ExternalID)
	_, _ = h.Write([]byte(text)) // a hash takes everything
	return h.Sum32()
}

// names are invoices by what a bill may name them by.
type names struct {
	keys, ids map[string]bool
	idns      map[int64]bool
}

func newNames(linking reconcile.Linking, rows []reconcile.Invoice) names {
	n := names{map[string]bool{}, map[string]bool{}, map[int64]bool{}}
	n.add(linking, rows)
	return n
}

func (n names) add(linking reconcile.Linking, rows []reconcile.Invoice) {
	for _, inv := range rows {
		n.idns[inv.IDN] = true
		n.keys[linking.Key(inv)] = true
		if inv.ExternalID != "" {
			n.ids[inv.ExternalID] = true
		}
	}
}

// has tells whether the invoice itself is among them.
func (n names) has(inv reconcile.Invoice) bool { return n.idns[inv.IDN] }

// of tells whether the bill is one of theirs.
func (n names) of(bill reconcile.Bill) bool {
	return bill.Link != "" && n.keys[bill.Link] || n.ids[bill.ID]
}

// billSet are bills by what an invoice may name them by.
type billSet struct{ links, ids map[string]bool }

func billNames(bills []reconcile.Bill) billSet {
	set := billSet{map[string]bool{}, map[string]bool{}}
	for _, bill := range bills {
		set.ids[bill.ID] = true
		if bill.Link != "" {
			set.links[bill.Link] = true
		}
	}
	return set
}

// name tells whether one of them is the invoice's.
func (s billSet) name(linking reconcile.Linking, inv reconcile.Invoice) bool {
	return s.links[linking.Key(inv)] || inv.ExternalID != "" && s.ids[inv.ExternalID]
}

// byID keeps one row of each invoice. A later one was read later.
func byID(rows []reconcile.Invoice) []reconcile.Invoice {
	l := newListing("", func(inv reconcile.Invoice) int64 { return inv.ID })
	_, _ = l.take(1, rows, -1, false) // one page, which is the last
	return l.rows
}
