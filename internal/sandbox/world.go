package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Invoice is a document of Precoro. Amounts are decimal text such as "120.00" and are served as they stand, also when
// they are nonsense: bad data is data.
type Invoice struct {
	ID           int64     `json:"id"`  // database id; 0 = the next free one
	IDN          int64     `json:"idn"` // document number; 0 = the next free one
	Name         string    `json:"name,omitempty"`
	Number       string    `json:"number,omitempty"` // the supplier's invoice number
	Status       int       `json:"status"`           // 0 = 2, 4 or 5 by what is paid
	Draft        bool      `json:"draft,omitempty"`  // status 0, which Status cannot say
	LogicType    int       `json:"logic_type"`       // 0 invoice, 1 and 5 credit notes
	Currency     string    `json:"currency"`
	Total        string    `json:"total"`
	Paid         string    `json:"paid"`                    // computed from the payments that are not cancelled
	PaidOverride string    `json:"paid_override,omitempty"` // what the server says is paid, whatever the payments say
	ExternalID   string    `json:"external_id,omitempty"`
	ParentIDN    int64     `json:"parent_idn,omitempty"` // makes it a split-cost child
	SupplierID   int64     `json:"supplier_id"`
	Created      time.Time `json:"created"` // zero = now
	Updated      time.Time `json:"updated"` // zero = now; moves with payments and edits
}

// Payment is a payment record of Precoro.
type Payment struct {
	ID         int64     `json:"id"`
	IDN        int64     `json:"idn"`
	InvoiceID  int64     `json:"invoice_id"` // the invoice's database id
	Amount     string    `json:"amount"`
	Date       string    `json:"date"` // 2026-03-14
	ExternalID string    `json:"external_id,omitempty"`
	LogicType  int       `json:"logic_type"` // 0 plain payment
	Cancelled  bool      `json:"cancelled,omitempty"`
	By         string    `json:"by"` // "api" or "person"
	Created    time.Time `json:"created"`
}

// Bill is a purchase document of Erply, by the names its own pages give the header fields. Confirmed is 0, a draft, unless
// it says 1. AddBill fills what is zero with values that are none of the create-defaults, so that a careless save shows.
type Bill struct {
	ID                    int64             `json:"id"`
	Type                  string            `json:"type"`
	Number                string            `json:"number"`
	RegNumber             string            `json:"regnumber,omitempty"`
	SupplierID            int64             `json:"supplier_id"`
	Currency              string            `json:"currency"`
	CurrencyRate          string            `json:"currency_rate"`
	Total                 string            `json:"total"`
	NetTotal              string            `json:"net_total"`
	VATTotal              string            `json:"vat_total"`
	Rounding              string            `json:"rounding"`
	NetTotalForAccounting string            `json:"net_total_for_accounting"`
	TotalForAccounting    string            `json:"total_for_accounting"`
	Paid                  int               `json:"paid"`
	Confirmed             int               `json:"confirmed"`
	Date                  string            `json:"date"`
	Time                  string            `json:"time"`
	WarehouseID           int64             `json:"warehouse_id"`
	AddressID             int64             `json:"address_id"`
	ContactID             int64             `json:"contact_id"`
	EmployeeID            int64             `json:"employee_id"`
	StateID               int64             `json:"state_id"`
	PaymentDays           int64             `json:"payment_days"`
	TransactionTypeID     int64             `json:"transaction_type_id"`
	TransportTypeID       int64             `json:"transport_type_id"`
	DeliveryTermsID       int64             `json:"delivery_terms_id"`
	DeliveryTermsLocation string            `json:"delivery_terms_location"`
	DeliveryAddressID     int64             `json:"delivery_address_id"`
	TriangularTransaction int64             `json:"triangular_transaction"`
	ProjectID             int64             `json:"project_id"`
	ReferenceNumber       string            `json:"reference_number"`
	BaseDocumentIDs       string            `json:"base_document_ids"` // comma list
	Notes                 string            `json:"notes"`
	EDIStatus             string            `json:"edi_status"`
	EDIText               string            `json:"edi_text"`
	DocumentURL           string            `json:"document_url"`
	ShipDate              string            `json:"ship_date"`
	Rows                  []Row             `json:"rows"`
	Attributes            map[string]string `json:"attributes"`
	AttributeTypes        map[string]string `json:"attribute_types,omitempty"` // int or double; text is not listed
	Added                 int64             `json:"added"`                     // Unix seconds
	LastModified          int64             `json:"last_modified"`             // Unix seconds; moves with every edit
}

// Row is one line of a bill.
type Row struct {
	RowID       int64  `json:"row_id"` // changes whenever rows are saved
	StableRowID int64  `json:"stable_row_id"`
	ProductID   int64  `json:"product_id,omitempty"`
	ServiceID   int64  `json:"service_id,omitempty"`
	ItemName    string `json:"item_name,omitempty"`
	VATRateID   int64  `json:"vatrate_id"`
	Amount      string `json:"amount"` // quantity
	Price       string `json:"price"`
	Discount    string `json:"discount,omitempty"` // percent
}

// world is what both systems hold.
type world struct {
	invoices map[int64]*Invoice // by database id
	payments map[int64]*Payment
	bills    bills

	invoiceByIDN map[int64]*Invoice
	paymentByIDN map[int64]*Payment
	paymentsOf   map[int64][]*Payment // by the invoice's database id, in the order they were made

	newestInvoices newest[Invoice]
	newestPayments newest[Payment]

	invoiceIDs, invoiceIDNs, paymentIDs, paymentIDNs, billIDs, rowIDs sequence

	salesPayments map[int64]salesPayment
	salesIDs      sequence
}

// sequence hands out numbers. The database ids of Precoro start at 1004 and go by threes, its document numbers start at
// 1001 and go by ones, and so do Erply's ids: never both the same for one document, but many an id is another's number.
type sequence struct{ next, step int64 }

func (q *sequence) take(taken func(int64) bool) int64 {
	for taken(q.next) {
		q.next += q.step
	}
	n := q.next
	q.next += q.step
	return n
}

func newWorld() world {
	return world{
		invoices: map[int64]*Invoice{}, payments: map[int64]*Payment{}, bills: newBills(),
		invoiceByIDN: map[int64]*Invoice{}, paymentByIDN: map[int64]*Payment{}, paymentsOf: map[int64][]*Payment{},
		newestInvoices: newest[Invoice]{key: func(i *Invoice) (time.Time, int64) { return i.Created, i.ID }},
		newestPayments: newest[Payment]{key: func(p *Payment) (time.Time, int64) { return p.Created, p.ID }},
		salesPayments:  map[int64]salesPayment{},
		invoiceIDs:     sequence{1004, 3}, invoiceIDNs: sequence{1001, 1},
		paymentIDs: sequence{1004, 3}, paymentIDNs: sequence{1001, 1},
		billIDs: sequence{1001, 1}, rowIDs: sequence{1, 1}, salesIDs: sequence{1, 1},
	}
}

func holds[V any](documents map[int64]V) func(int64) bool {
	return func(id int64) bool { _, found := documents[id]; return found }
}

// AddInvoice puts an invoice into Precoro and returns it as it now stands there.
func (s *Sandbox) AddInvoice(in Invoice) Invoice {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, now := &s.world, s.now()
	if in.ID == 0 {
		in.ID = w.invoiceIDs.take(holds(w.invoices))
	}
	if in.IDN == 0 {
		in.IDN = w.invoiceIDNs.take(holds(w.invoiceByIDN))
	}
	if w.invoices[in.ID] != nil || w.invoiceByIDN[in.IDN] != nil {
		s.ledger.alarm("AddInvoice: id %d or idn %d is taken", in.ID, in.IDN)
		return Invoice{}
	}
	orTime(&in.Created, now)
	orTime(&in.Updated, in.Created)
	orText(&in.Name, fmt.Sprintf("Invoice #%d", in.IDN))
	orText(&in.Number, fmt.Sprintf("S-%d", in.ID))
	if in.SupplierID == 0 {
		in.SupplierID = 7
	}
	w.invoices[in.ID], w.invoiceByIDN[in.IDN] = &in, &in
	w.newestInvoices.add(&in)
	if in.Status == 0 && !in.Draft {
		in.Status = statusApproved
		w.settle(in.ID)
	}
	return w.invoice(in.ID)
}

// AddPayment adds a payment in Precoro as a person at work does: no limits, no refusals.
func (s *Sandbox) AddPayment(p Payment) Payment {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.world.invoices[p.InvoiceID] == nil || s.world.payments[p.ID] != nil || s.world.paymentByIDN[p.IDN] != nil {
		s.ledger.alarm("AddPayment: no invoice has the id %d, or payment id %d or idn %d is taken", p.InvoiceID, p.ID, p.IDN)
		return Payment{}
	}
	orText(&p.By, "person")
	return *s.addPayment(p)
}

func (s *Sandbox) addPayment(p Payment) *Payment {
	w, now := &s.world, s.now()
	if p.ID == 0 {
		p.ID = w.paymentIDs.take(holds(w.payments))
	}
	if p.IDN == 0 {
		p.IDN = w.paymentIDNs.take(holds(w.paymentByIDN))
	}
	orTime(&p.Created, now)
	orText(&p.Date, now.UTC().Format(dayLayout))
	w.payments[p.ID], w.paymentByIDN[p.IDN] = &p, &p
	w.newestPayments.add(&p)
	w.paymentsOf[p.InvoiceID] = append(w.paymentsOf[p.InvoiceID], &p)
	w.touch(p.InvoiceID, now)
	return &p
}

// CancelPayment cancels a payment in Precoro; the invoice's status moves back.
func (s *Sandbox) CancelPayment(id int64) {
	s.EditPayment(id, func(p *Payment) { p.Cancelled = true })
}

// EditPayment changes a payment in Precoro as a person at work does. Its ids stay.
func (s *Sandbox) EditPayment(id int64, edit func(*Payment)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.world.payments[id]
	if p == nil {
		s.ledger.alarm("EditPayment: no payment has the id %d", id)
		return
	}
	changed := *p
	edit(&changed)
	changed.ID, changed.IDN, changed.InvoiceID = p.ID, p.IDN, p.InvoiceID
	*p = changed
	s.world.newestPayments.moved()
	s.world.touch(p.InvoiceID, s.now())
}

// RemoveInvoice deletes an invoice and its payments in Precoro.
func (s *Sandbox) RemoveInvoice(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &s.world
	i := w.invoices[id]
	if i == nil {
		s.ledger.alarm("RemoveInvoice: no invoice has the id %d", id)
		return
	}
	for _, p := range w.paymentsOf[id] {
		delete(w.payments, p.ID)
		delete(w.paymentByIDN, p.IDN)
	}
	delete(w.paymentsOf, id)
	delete(w.invoiceByIDN, i.IDN)
	delete(w.invoices, id)
	w.newestInvoices.remove(func(other *Invoice) bool { return other == i })
	w.newestPayments.remove(func(p *Payment) bool { return p.InvoiceID == id })
}

// AddBill puts a purchase document into Erply and returns it as it now stands there.
func (s *Sandbox) AddBill(b Bill) Bill {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, now := &s.world, s.now()
	if b.ID == 0 {
		b.ID = w.billIDs.take(holds(w.bills.byID))
	}
	if w.bills.byID[b.ID] != nil {
		s.ledger.alarm("AddBill: id %d is taken", b.ID)
		return Bill{}
	}
	orText(&b.Type, "PRCINVOICE")
	orText(&b.Number, fmt.Sprintf("S-%d", b.ID))
	if b.Currency == "EUR" {
		orText(&b.CurrencyRate, "1")
	}
	orText(&b.CurrencyRate, "1.25543")
	orText(&b.Date, now.UTC().AddDate(0, 0, -30).Format(dayLayout))
	orText(&b.Time, "09:30:00")
	orText(&b.Rounding, "0.00")
	orText(&b.NetTotalForAccounting, "0.00")
	orText(&b.TotalForAccounting, "0.00")
	orText(&b.NetTotal, less(b.Currency, b.Total, b.Rounding))
	orText(&b.VATTotal, "0.00")
	for _, field := range []struct {
		value    *int64
		fallback int64
	}{{&b.SupplierID, 7}, {&b.WarehouseID, 2}, {&b.EmployeeID, 4}, {&b.PaymentDays, 14}, {&b.Added, now.Unix()}, {&b.LastModified, b.Added}} {
		if *field.value == 0 {
			*field.value = field.fallback
		}
	}
	b.LastModified = max(b.LastModified, b.Added)
	if b.Confirmed == 1 {
		orText(&b.RegNumber, regNumber(b.ID))
	}
	if b.Rows == nil {
		b.Rows = []Row{{VATRateID: 1, Amount: "1", Price: b.NetTotal, ItemName: "Goods"}}
	}
	b = b.clone()
	w.numberRows(b.Rows)
	w.bills.put(&b)
	return b.clone()
}

// EditBill changes a bill as a person at work does; lastModified moves.
func (s *Sandbox) EditBill(id int64, edit func(*Bill)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.world.bills.byID[id]
	if b == nil {
		s.ledger.alarm("EditBill: no bill has the id %d", id)
		return
	}
	changed := b.clone()
	edit(&changed)
	changed.ID = id
	changed.LastModified = max(changed.LastModified, b.LastModified+1, s.now().Unix())
	s.world.bills.put(&changed)
}

func orTime(field *time.Time, fallback time.Time) {
	if field.IsZero() {
		*field = fallback
	}
}

func regNumber(id int64) string { return fmt.Sprintf("R%06d", id) }

// clone shares nothing with the original. Attributes are never nil.
func (b Bill) clone() Bill {
	b.Rows = slices.Clone(b.Rows)
	attributes, types := map[string]string{}, map[string]string{}
	maps.Copy(attributes, b.Attributes)
	maps.Copy(types, b.AttributeTypes)
	b.Attributes, b.AttributeTypes = attributes, types
	return b
}

// numberRows gives rows new ids, and stable ones where they have none.
func (w *world) numberRows(rows []Row) {
	free := func(int64) bool { return false }
	for i := range rows {
		rows[i].RowID = w.rowIDs.take(free)
		if rows[i].StableRowID == 0 {
			rows[i].StableRowID = rows[i].RowID
		}
	}
}
