package sandbox

import (
	"strconv"
	"strings"
)

// salesPayment is a payment of a customer's invoice. Every id of a bill is an id of a sales document too, so whoever takes
// these calls for supplier payments pays, or reads, or deletes somebody else's. They succeed, and raise an alarm.
type salesPayment struct {
	document int64
	sum      string
	currency string
	date     string
}

func (s *Sandbox) trap(call, document string) {
	s.ledger.alarm("erply: trap: %s is about the sales document %.20s, not about a purchase document", call, document)
}

func (s *Sandbox) saveSalesPayment(params map[string]string) erplyOutcome {
	s.trap("savePayment", params["documentID"])
	id, ok := positive(params["documentID"])
	if !ok || s.world.bills.byID[id] == nil {
		return failed(1011, "documentID")
	}
	p := salesPayment{document: id, sum: params["sum"], currency: params["currencyCode"], date: params["date"]}
	orText(&p.sum, "0.00")
	orText(&p.currency, "EUR")
	orText(&p.date, s.now().UTC().Format(dayLayout))
	key := s.world.salesIDs.take(holds(s.world.salesPayments))
	s.world.salesPayments[key] = p
	s.ledger.write(Write{
		At: s.now(), Side: erplySide, Op: "savePayment", Document: strconv.FormatInt(id, 10), ID: key,
		Amount: p.sum, Currency: p.currency, Date: p.date,
	})
	return one(map[string]any{"paymentID": key})
}

func (s *Sandbox) getSalesPayments(params map[string]string) erplyOutcome {
	s.trap("getPayments", params["documentID"])
	wanted := strings.Split(params["documentID"]+","+params["documentIDs"], ",")
	outcome := erplyOutcome{}
	for _, id := range sortedIDs(s.world.salesPayments) {
		p := s.world.salesPayments[id]
		if document := strconv.FormatInt(p.document, 10); among(wanted, document) {
			outcome.records = append(outcome.records, map[string]any{
				"paymentID": id, "documentID": document, "type": "TRANSFER", "date": p.date, "sum": p.sum, "currencyCode": p.currency,
			})
		}
	}
	outcome.total = len(outcome.records)
	return outcome
}

func (s *Sandbox) deleteSalesPayment(params map[string]string) erplyOutcome {
	s.trap("deletePayment", params["paymentID"])
	id, ok := positive(params["paymentID"])
	p, found := s.world.salesPayments[id]
	if !ok || !found {
		return failed(1011, "paymentID")
	}
	delete(s.world.salesPayments, id)
	s.ledger.write(Write{
		At: s.now(), Side: erplySide, Op: "deletePayment", Document: strconv.FormatInt(p.document, 10), ID: id,
		Amount: p.sum, Currency: p.currency, Date: p.date,
	})
	return erplyOutcome{}
}
