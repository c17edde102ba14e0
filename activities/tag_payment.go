package activities

import (
	"context"
	"strconv"

	"payrecon/internal/money"
	"payrecon/precoro"
)

// TagPaymentRequest puts a key on a payment that is there.
type TagPaymentRequest struct {
	Company  string         `json:"company"`
	Payment  string         `json:"payment"` // its Ref, the document number
	Key      string         `json:"key"`
	Currency money.Currency `json:"currency"`
	Self     Self           `json:"self,omitzero"`
}

// TagPayment sets a payment's external ID in Precoro. Setting it again changes nothing, but somebody may have set
// another meanwhile: it is attempted once, and the workflow looks before it asks again. Fails as StaleRead where the run was
// reset, or the request was held up.
func (a *Activities) TagPayment(ctx context.Context, request TagPaymentRequest) (Posted, error) {
	company, err := a.company(request.Company)
	if err != nil {
		return Posted{}, err
	}
	if err := company.stale(ctx, SidePrecoro, readHere(ctx), request.Self); err != nil {
		return Posted{}, err
	}
	idn, err := strconv.ParseInt(request.Payment, 10, 64)
	if err != nil {
		return Posted{}, fault{kind: Refused, side: SidePrecoro, text: "payment number " + strconv.Quote(request.Payment) + " is not a number"}.final()
	}
	var payment precoro.Payment
	used, err := a.exchange(ctx, company.Slot, func(ctx context.Context) error {
		payment, err = company.Precoro.SetPaymentExternalID(ctx, idn, request.Key, request.Currency)
		return err
	})
	if err != nil {
		return Posted{}, writeError(SidePrecoro, used, err)
	}
	return Posted{Payment: precoroPayment(payment), Requests: used.requests}, nil
}
