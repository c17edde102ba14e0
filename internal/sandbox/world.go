package sandbox

import (
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

// Bill is a purchase document of Erply, by the names its own pages give the header fields.
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
	TriangularTransaction int64             `json:"triangular_transaction"`
	ProjectID             int64             `json:"project_id"`
	ReferenceNumber       string            `json:"reference_number"`
	BaseDocumentIDs       string            `json:"base_document_ids"` // comma list
	Notes                 string            `json:"notes"`
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

type world struct{}

func newWorld() world { return world{} }

// AddInvoice puts an invoice into Precoro and returns it as it now stands there.
func (s *Sandbox) AddInvoice(in Invoice) Invoice { return in }

// AddPayment adds a payment in Precoro as a person at work does: no limits, no refusals.
func (s *Sandbox) AddPayment(p Payment) Payment { return p }

// CancelPayment cancels a payment in Precoro; the invoice's status moves back.
func (s *Sandbox) CancelPayment(id int64) {}

// EditPayment changes a payment in Precoro as a person at work does.
func (s *Sandbox) EditPayment(id int64, edit func(*Payment)) {}

// AddBill puts a purchase document into Erply and returns it as it now stands there.
func (s *Sandbox) AddBill(b Bill) Bill { return b }

// EditBill changes a bill as a person at work does; lastModified moves.
func (s *Sandbox) EditBill(id int64, edit func(*Bill)) {}

// RemoveInvoice deletes an invoice and its payments in Precoro.
func (s *Sandbox) RemoveInvoice(id int64) {}
