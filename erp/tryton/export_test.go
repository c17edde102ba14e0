package tryton

// ListInPartsOf lets the parts of lists be small: a part of 500 bills takes a server long to make.
func (a *Adapter) ListInPartsOf(records int) { a.client.part = records }
