package sandbox

import (
	"slices"
	"time"
)

const (
	statusOpen          = 0
	statusApproved      = 2
	statusPartlyPaid    = 4
	statusPaid          = 5
	paymentLive         = 2 // Precoro does not document the names of payment statuses
	paymentCancelled    = 6
	dayLayout           = "2006-01-02"
	precoroTimeLayout   = "2006-01-02T15:04:05-07:00"
	modifiedSinceLayout = "2006-01-02T15:04:05"
)

var statusNames = map[int]string{
	statusOpen: "open", 1: "pending approval", statusApproved: "approved", 3: "rejected", statusPartlyPaid: "partly paid", statusPaid: "paid",
	6: "awaiting confirmation", 7: "on revise", 8: "cancelled", 9: "pending receipt", 10: "approval review", 11: "closed",
}

// invoice is a copy with what is paid worked out.
func (w *world) invoice(id int64) Invoice {
	i := *w.invoices[id]
	i.Paid = w.paid(&i)
	return i
}

// paid is what the server says is paid. Every kind of payment counts, cancelled ones do not.
func (w *world) paid(i *Invoice) string {
	if i.PaidOverride != "" {
		return i.PaidOverride
	}
	var amounts []string
	for _, p := range w.paymentsOf[i.ID] {
		if !p.Cancelled {
			amounts = append(amounts, p.Amount)
		}
	}
	return total(i.Currency, amounts...)
}

// settle lets the status follow the payments, if the invoice is in one of the three statuses that do.
func (w *world) settle(id int64) {
	i := w.invoices[id]
	if i.Status != statusApproved && i.Status != statusPartlyPaid && i.Status != statusPaid {
		return
	}
	paid := w.paid(i)
	switch {
	case sign(i.Currency, paid) <= 0:
		i.Status = statusApproved
	case sign(i.Currency, less(i.Currency, i.Total, paid)) > 0:
		i.Status = statusPartlyPaid
	default:
		i.Status = statusPaid
	}
}

// touch is what a change of its payments does to an invoice.
func (w *world) touch(id int64, now time.Time) {
	w.settle(id)
	w.invoices[id].Updated = now
}

// invoiceJSON is a row of a listing, or the whole document with its payments and items.
func (w *world) invoiceJSON(id int64, whole bool) map[string]any {
	i := w.invoice(id)
	moneyField := func(name, text string) any { return looseNumber(id, name, text) }
	out := map[string]any{
		"id": i.ID, "idn": looseInt(id, "idn", i.IDN), "customName": i.Name, "invoiceNumber": i.Number,
		"status": i.Status, "statusString": statusNames[i.Status], "logicType": i.LogicType, "currency": i.Currency,
		"sum": moneyField("sum", i.Total), "netSum": moneyField("netSum", i.Total), "sumPaid": moneyField("sumPaid", i.Paid),
		"leftToPay": moneyField("leftToPay", less(i.Currency, i.Total, i.Paid)), "withholdingTaxSum": moneyField("withholdingTaxSum", "0.00"),
		"exchangeRate": nothing(id, "exchangeRate"), "createDate": stamp(i.Created), "updateDate": stamp(i.Updated),
		"issueDate": stamp(i.Created), "requiredDate": stamp(i.Created.AddDate(0, 0, 14)), "approvalDate": stamp(i.Created),
		"externalId": looseText(id, "externalId", i.ExternalID), "externalIntegrationLog": []any{}, "integrationStatus": nil,
		"supplier":      map[string]any{"id": i.SupplierID, "name": "Supplier", "externalId": nil},
		"legalEntity":   nothing(id, "legalEntity"),
		"purchaseOrder": nothing(id, "purchaseOrder"), "budget": nothing(id, "budget"), "allocatedInvoice": nothing(id, "allocatedInvoice"),
		"parentData":               nothing(id, "parentData"),
		"dataDocumentCustomFields": map[string]any{"data": []any{}},
	}
	if i.ParentIDN != 0 {
		out["parentData"] = map[string]any{"idn": looseInt(id, "parentIdn", i.ParentIDN)}
	}
	if !whole {
		return out
	}
	payments := []any{}
	for _, p := range slices.Backward(w.paymentsOf[id]) {
		payments = append(payments, w.paymentJSON(p, false))
	}
	out["payments"] = collection(id, "payments", payments)
	out["items"] = collection(id, "items", []any{map[string]any{"id": id*10 + 1, "name": "Goods", "sum": moneyField("item", i.Total)}})
	out["attachments"] = collection(id, "attachments", nil)
	return out
}

// paymentJSON is a payment as it stands in its invoice and in answers to writes, or as a row of the payments' listing.
func (w *world) paymentJSON(p *Payment, row bool) map[string]any {
	id, i := p.ID, w.invoices[p.InvoiceID]
	status := paymentLive
	cancelledBy := nothing(id, "canceledBy")
	if p.Cancelled {
		status, cancelledBy = paymentCancelled, map[string]any{"id": 3, "firstname": "Ada"}
	}
	out := map[string]any{
		"id": p.ID, "idn": looseInt(id, "idn", p.IDN), "createDate": stamp(p.Created), "payDate": p.Date + "T00:00:00+00:00",
		"sumPaid": looseNumber(id, "sumPaid", p.Amount), "status": status, "logicType": p.LogicType,
		"invoice":       map[string]any{"id": i.ID, "idn": looseInt(id, "invoiceIdn", i.IDN), "creator": map[string]any{"id": 3}},
		"purchaseOrder": nothing(id, "purchaseOrder"), "balance": looseNumber(id, "balance", "0.00"), "prepayment": nothing(id, "prepayment"),
		"externalId": looseText(id, "externalId", p.ExternalID), "qboId": nil, "xeroId": nil, "netSuiteId": nil, "integrationType": nil,
		"creator": map[string]any{"id": 3, "firstname": "Ada"}, "canceledBy": cancelledBy,
	}
	if row {
		out["payments"], out["note"], out["integrationLog"] = nothing(id, "payments"), nil, nothing(id, "integrationLog")
		out["fundingAccount"] = nothing(id, "fundingAccount")
	}
	return out
}

func stamp(t time.Time) string { return t.UTC().Format(precoroTimeLayout) }
