package activities

import (
	"context"
	"strconv"

	"payrecon/internal/reconcile"
	"payrecon/precoro"
)

// ReadInvoiceRequest names an invoice by its document number.
type ReadInvoiceRequest struct {
	Company string `json:"company"`
	IDN     int64  `json:"idn"`
}

// InvoiceRead is one invoice with its payments.
type InvoiceRead struct {
	Invoice  reconcile.Invoice   `json:"invoice"`
	Payments []reconcile.Payment `json:"payments"`
	Read     Read                `json:"read"`
	Requests int                 `json:"requests"`
}

// ReadInvoice reads one invoice with its payments. Fails as NotFound where there is none of that number.
func (a *Activities) ReadInvoice(ctx context.Context, request ReadInvoiceRequest) (InvoiceRead, error) {
	company, err := a.company(request.Company)
	if err != nil {
		return InvoiceRead{}, err
	}
	var inv precoro.Invoice
	used, err := a.exchange(ctx, company.Slot, func(ctx context.Context) error {
		inv, err = company.Precoro.Invoice(ctx, request.IDN)
		return err
	})
	if err != nil {
		return InvoiceRead{}, company.documentError(ctx, SidePrecoro, used, err)
	}
	out := InvoiceRead{Invoice: compact(inv), Read: readHere(ctx), Requests: used.requests, Payments: make([]reconcile.Payment, 0, len(inv.Payments))}
	if !inv.PaymentsListed && out.Invoice.Problem == "" && inv.Paid.Sign() != 0 {
		out.Invoice.Problem = "payments: Precoro's answer holds no list of them"
	}
	for _, payment := range inv.Payments {
		out.Payments = append(out.Payments, precoroPayment(payment))
	}
	return out, nil
}

func precoroPayment(p precoro.Payment) reconcile.Payment {
	return reconcile.Payment{
		ID: strconv.FormatInt(p.ID, 10), Ref: strconv.FormatInt(p.IDN, 10), Tag: p.ExternalID, Amount: p.Amount, Date: p.Date,
		Cancelled: p.Cancelled, Unsupported: p.LogicType != plainPayment, Problem: p.Problem,
	}
}

// plainPayment is Precoro's logicType of a payment that is neither credit nor prepayment.
const plainPayment = 0
