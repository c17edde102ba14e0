package tryton

import (
	"context"
	"payrecon/erp"
)

func (a *Adapter) WritePayments(context.Context, []erp.Write) []error { return nil }
