package reconcile_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"payrecon/internal/money"
	"payrecon/internal/reconcile"
)

// books are an invoice and its bill as the two systems keep them: the model that decisions are carried out on. Amounts are
// in minor units where nobody else sees them.
type books struct {
	currency            money.Currency
	invTotal, billTotal int64
	precoro, erp        []reconcile.Payment // of the ERP, the records
	confirmed           bool
	// flagOnly: the ERP has no payments. It keeps our records, and a flag that says that all is paid.
	flagOnly, flag bool
	// saysMore is what a document says is paid beyond its list.
	precoroSaysMore, erpSaysMore int64
	made                         int // payments that were created in Precoro
}

const billID = "8842"

func (b *books) clone() *books {
	c := *b
	c.precoro, c.erp = slices.Clone(b.precoro), slices.Clone(b.erp)
	return &c
}

func (b *books) amount(minor int64) money.Amount {
	amount, err := money.FromMinor(minor, b.currency)
	if err != nil {
		return money.Amount{}
	}
	return amount
}

func (b *books) sum(list []reconcile.Payment) (minor int64) {
	for _, p := range list {
		if !p.Cancelled {
			minor += p.Amount.Minor()
		}
	}
	return minor
}

// documents are both as somebody reads them now.
func (b *books) documents() (reconcile.Invoice, []reconcile.Payment, reconcile.Bill) {
	inv := reconcile.Invoice{
		ID: 7, IDN: 1042, Status: reconcile.StatusApproved, Total: b.amount(b.invTotal), Paid: b.amount(b.sum(b.precoro) + b.precoroSaysMore),
	}
	bill := reconcile.Bill{ID: billID, Link: "7", Total: b.amount(b.billTotal), Confirmed: b.confirmed, Payments: slices.Clone(b.erp), PaymentsRead: true}
	paid := b.sum(b.erp)
	switch open := b.billTotal - paid; {
	case b.flagOnly && b.flag && open > 0:
		bill.Payments = append(bill.Payments, reconcile.Payment{ID: billID + reconcile.DerivedSuffix, Amount: b.amount(open), Derived: true})
		paid = b.billTotal
	case b.takenBack():
		for i := range bill.Payments {
			bill.Payments[i].Cancelled = true
		}
		paid = 0
	}
	bill.Paid = b.amount(paid + b.erpSaysMore)
	return inv, slices.Clone(b.precoro), bill
}

// takenBack: somebody unset the flag although the records are complete. Then the ERP takes no more of them.
func (b *books) takenBack() bool { return b.flagOnly && !b.flag && b.sum(b.erp) >= b.billTotal }

// carryOut does one write as the systems would, and fails the test upon what must never be asked of them. Without tagBack
// the run was cut off between the payment and the tag on its other half. It returns whether the write was taken.
func (b *books) carryOut(t *rapid.T, w reconcile.Write, tagBack bool) bool {
	t.Helper()
	switch {
	case w.Direction == reconcile.ToERP && b.takenBack():
		return false
	case w.Adopt && w.Direction == reconcile.ToERP:
		b.tagInERP(t, w.Target, w.Key, w.Amount, w.Date)
	case w.Adopt:
		b.tag(t, b.precoro, w.Target, w.Key)
	case w.Direction == reconcile.ToERP:
		b.createInERP(t, w.Key, w.Amount, w.Date)
	default:
		b.made++
		id := fmt.Sprint("new-", b.made)
		require.LessOrEqual(t, b.sum(b.precoro)+w.Amount.Minor(), b.invTotal, "I2: the invoice would hold more than its total")
		require.False(t, carries(b.precoro, w.Key), "I1: %s is there already", w.Key)
		b.precoro = append(b.precoro, reconcile.Payment{ID: id, Ref: "r" + id, Tag: w.Key, Amount: w.Amount, Date: w.Date})
		if w.TagBack && tagBack {
			b.tagInERP(t, w.Source, reconcile.KeyInERP(id), w.Amount, w.Date)
		}
	}
	return true
}

func (b *books) createInERP(t *rapid.T, key string, amount money.Amount, date money.Date) {
	t.Helper()
	require.LessOrEqual(t, b.sum(b.erp)+amount.Minor(), b.billTotal, "I2: the bill would hold more than its total")
	require.False(t, carries(b.erp, key), "I1: %s is there already", key)
	b.erp = append(b.erp, reconcile.Payment{ID: billID + "." + strings.TrimPrefix(key, "pr."), Tag: key, Amount: amount, Date: date})
	b.flag = b.flag || b.sum(b.erp) == b.billTotal
}

// tagInERP puts a key on a payment that is there. What a flag stands for gets it by way of a record.
func (b *books) tagInERP(t *rapid.T, id, key string, amount money.Amount, date money.Date) {
	t.Helper()
	if id == billID+reconcile.DerivedSuffix {
		require.True(t, b.flagOnly && b.flag && b.sum(b.erp) < b.billTotal, "there is nothing that the flag stands for")
		b.createInERP(t, key, amount, date)
		return
	}
	b.tag(t, b.erp, id, key)
}

func (b *books) tag(t *rapid.T, list []reconcile.Payment, id, key string) {
	t.Helper()
	i := slices.IndexFunc(list, func(p reconcile.Payment) bool { return p.ID == id })
	require.NotEqual(t, -1, i, "payment %s is not there", id)
	require.Empty(t, list[i].Tag, "a tag is never overwritten")
	require.False(t, list[i].Cancelled)
	require.False(t, carries(list, key), "I1: %s is there already", key)
	list[i].Tag = key
}

func carries(list []reconcile.Payment, key string) bool {
	return slices.ContainsFunc(list, func(p reconcile.Payment) bool { return p.Tag == key && !p.Cancelled })
}
