package workflows

import (
	"payrecon/internal/report"
)

// Where there are two ways to learn the same, the cheaper one is taken. This file is the one place where that is decided;
// what was chosen, and what the other way would have cost, stands in the report.

// Sizes are how many documents a company has, as the last reading of each showed. They are what the arithmetic starts
// from; 0 is not known.
type Sizes struct {
	Invoices int `json:"invoices,omitempty"` // of status 2, 4 and 5
	Payments int `json:"payments,omitempty"` // in Precoro
	Bills    int `json:"bills,omitempty"`    // purchase documents that a scan of the ERP looks through
}

// pages is how many requests a Precoro listing of n rows takes.
func pages(n int) int { return max(1, (n+perPage-1)/perPage) }

// choice is two ways to learn the same, each with its price.
type choice struct {
	what     string // bills, payments or invoices
	one, all way
}

type way struct {
	name  string
	price int // thousandths of a request of that side's quota
}

// Ways, as they stand in reports.
const (
	ofBills    = "bills"
	ofPayments = "payments"
	ofInvoices = "invoices"

	wayLinks = "by link"         // ask the ERP for the bill of each invoice
	wayScan  = "by scan"         // list all bills of the ERP
	wayEach  = "one by one"      // GET each invoice
	wayList  = "by the list"     // GET all pages of the list
	request  = report.PerRequest // thousandths
)

// cheaperAll tells whether the list of everything is the cheaper way. Equal prices go to asking singly: it can stop half-way.
func (c choice) cheaperAll() bool { return c.all.price < c.one.price }

// reported is the choice as people read it.
func (c choice) reported() report.Way {
	chosen, other := c.one, c.all
	if c.cheaperAll() {
		chosen, other = c.all, c.one
	}
	return report.Way{What: c.what, Way: chosen.name, Cost: chosen.price, Instead: other.name, InsteadCost: other.price}
}

// billsChoice: the bills of so many links, each by its own search, or all bills of the ERP. The shortest list costs about
// as much as one search.
func (r *run) billsChoice(links, bills int) choice {
	erp := r.settings.ERP
	return choice{ofBills, way{wayLinks, links * erp.LinkCost}, way{wayScan, max(bills*erp.ListCost, erp.LinkCost)}}
}

// paymentsChoice: the payments of so many invoices, each by a GET, or the list of all payments.
func paymentsChoice(invoices, payments int) choice {
	return choice{ofPayments, way{wayEach, invoices * request}, way{wayList, pages(payments) * request}}
}

// choice is how to read invoices that only the ERP's feed names. One whose number is known comes with its payments in one
// GET; of one whose database id is known, a GET finds the number first. The other way is the listing of all, and then their
// payments.
func (w wanted) choice(sizes Sizes) choice {
	numbers := len(w.idns) + len(w.ids)
	lookUps := len(w.ids) + (len(w.externals)+perPage-1)/perPage
	return choice{
		ofInvoices,
		way{wayEach, (numbers + lookUps) * request},
		way{wayList, (pages(sizes.Invoices) + min(numbers, pages(sizes.Payments))) * request},
	}
}

// choose notes a choice in the report.
func (r *run) choose(c choice) (all bool) {
	r.report.Ways = append(r.report.Ways, c.reported())
	return c.cheaperAll()
}
