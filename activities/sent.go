package activities

// Sent is how many requests stand behind a result, and what they cost of that side's quota in thousandths of a request.
func (p InvoicePage) Sent() (requests, cost int) { return p.Requests, 0 }

// Sent is how many requests stand behind the result.
func (i InvoiceRead) Sent() (requests, cost int) { return i.Requests, 0 }

// Sent is how many requests stand behind the result.
func (p PaymentPage) Sent() (requests, cost int) { return p.Requests, 0 }

// Sent is how many requests stand behind the result.
func (p Posted) Sent() (requests, cost int) { return p.Requests, 0 }

// Sent is how many requests stand behind the result, and their cost.
func (f BillsFound) Sent() (requests, cost int) { return f.Requests, f.Cost }

// Sent is how many requests stand behind the result, and their cost.
func (l BillsListed) Sent() (requests, cost int) { return l.Requests, l.Cost }

// Sent is how many requests stand behind the result, and their cost.
func (r BillRead) Sent() (requests, cost int) { return r.Requests, r.Cost }

// Sent is how many requests stand behind the result, and their cost.
func (r BillsRead) Sent() (requests, cost int) { return r.Requests, r.Cost }

// Sent is how many requests stand behind the result, and their cost.
func (w BillWritten) Sent() (requests, cost int) { return w.Requests, w.Cost }

// Sent is how many requests stand behind the result, and their cost.
func (w BillsWritten) Sent() (requests, cost int) { return w.Requests, w.Cost }
