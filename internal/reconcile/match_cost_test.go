package reconcile_test

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"payrecon/internal/reconcile"
)

// pairs are so many invoices and their bills, in sync, the bills in no order.
func pairs(n int) (invoices []reconcile.Invoice, answer []reconcile.Bill) {
	invoices, answer = make([]reconcile.Invoice, n), make([]reconcile.Bill, n)
	for i, j := range rand.New(rand.NewPCG(1, 2)).Perm(n) {
		id := int64(500_000 + i)
		invoices[i] = reconcile.Invoice{ID: id, IDN: int64(i), Status: reconcile.StatusPartlyPaid, Total: eur("100"), Paid: eur("40")}
		answer[j] = reconcile.Bill{ID: strconv.Itoa(8_000_000 + 3*i), Link: strconv.FormatInt(id, 10), Total: eur("100"), Paid: eur("40"), Confirmed: true}
	}
	return invoices, answer
}

func match(l reconcile.Linking, invoices []reconcile.Invoice, answer []reconcile.Bill) (matches []reconcile.Match, passed int) {
	bills := reconcile.NewBills()
	bills.Add(answer...)
	return reconcile.MatchAllCounting(l, nil, invoices, bills)
}

// From bills and invoices to verdicts: the same few allocations, however many there are.
//
//nolint:paralleltest // AllocsPerRun counts those of the whole process
func TestMatchingAllocatesNothingForAnInvoice(t *testing.T) {
	const n = 5000
	allocations := map[int]float64{}
	for _, size := range []int{n, 4 * n} {
		invoices, answer := pairs(size)
		allocations[size] = testing.AllocsPerRun(5, func() { match(bothSides, invoices, answer) })
	}
	require.Less(t, allocations[n], 50.0)
	require.LessOrEqual(t, allocations[4*n], allocations[n]+5, "more invoices need more allocations")
}

// Neither do exceptions that invoices share.
//
//nolint:paralleltest // AllocsPerRun counts those of the whole process
func TestSharedExceptionsAreMadeOnce(t *testing.T) {
	for name, world := range hostile {
		t.Run(name, func(t *testing.T) {
			const n = 2000
			allocations := map[int]float64{}
			for _, size := range []int{n, 4 * n} {
				invoices, answer := world(size)
				allocations[size] = testing.AllocsPerRun(3, func() { match(bothSides, invoices, answer) })
			}
			require.Less(t, allocations[4*n], 6*allocations[n])
			require.Less(t, allocations[4*n], 4*n*10.0, "a note takes a few allocations, and nothing else does")
		})
	}
}

// hostile inputs are those for which matching could be quadratic.
var hostile = map[string]func(n int) ([]reconcile.Invoice, []reconcile.Bill){
	"all bills carry one link, which is all invoices' key": func(n int) ([]reconcile.Invoice, []reconcile.Bill) {
		invoices, answer := pairs(n)
		for i := range n {
			invoices[i].ID, answer[i].Link = 7, "7"
		}
		return invoices, answer
	},
	"all bills carry one link, and then their own": func(n int) ([]reconcile.Invoice, []reconcile.Bill) {
		invoices, answer := pairs(n)
		all := make([]reconcile.Bill, 0, 2*n)
		for _, bill := range answer {
			bill.Link = "7"
			all = append(all, bill)
		}
		return invoices, append(all, answer...)
	},
	"every link is carried by a hundred bills, and is the key of a hundred invoices": func(n int) ([]reconcile.Invoice, []reconcile.Bill) {
		invoices, answer := pairs(n)
		for i := range n {
			invoices[i].ID, answer[i].Link = int64(i%(n/100)), strconv.Itoa(i%(n/100))
		}
		return invoices, answer
	},
	"all invoices name one bill": func(n int) ([]reconcile.Invoice, []reconcile.Bill) {
		invoices, answer := pairs(n)
		for i := range n {
			invoices[i].ExternalID, answer[i].Link = answer[0].ID, ""
		}
		return invoices, answer
	},
	"all invoices name one bill, which is another's": func(n int) ([]reconcile.Invoice, []reconcile.Bill) {
		invoices, answer := pairs(n)
		for i := range n {
			invoices[i].ExternalID, answer[i].Link = answer[0].ID, "7"
		}
		return invoices, answer
	},
	"every invoice and every bill stands there often": func(n int) ([]reconcile.Invoice, []reconcile.Bill) {
		invoices, answer := pairs(n)
		for i := range n {
			invoices[i], answer[i] = invoices[i%10], answer[i%10]
		}
		return invoices, answer
	},
	"ids and links are no numbers": func(n int) ([]reconcile.Invoice, []reconcile.Bill) {
		invoices, answer := pairs(n)
		for i := range n {
			answer[i].ID, answer[i].Link = fmt.Sprint("bill-", i), "007"
			invoices[i].ExternalID = answer[i].ID
		}
		return invoices, answer
	},
}

// No bill is looked at once an invoice.
func TestMatchingIsLinear(t *testing.T) {
	t.Parallel()
	for name, world := range hostile {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const n = 20_000
			invoices, answer := world(n)
			matches, passed := match(bothSides, invoices, answer)
			require.Len(t, matches, n)
			require.LessOrEqual(t, passed, len(answer), "bills that were gone through to name some of them")
			notes := map[*reconcile.Exception]string{}
			for _, m := range matches {
				if m.Exception != nil && m.Exception.Reason == reconcile.AmbiguousBill {
					notes[m.Exception] = m.Exception.Note
				}
			}
			said := map[string]bool{}
			for _, note := range notes {
				require.False(t, said[note], "%q is made twice", note)
				said[note] = true
			}
		})
	}
}

// Whatever numbers an ERP gives its bills, each is found within a few steps.
func TestNumbersAreFoundInAFewSteps(t *testing.T) {
	t.Parallel()
	for name, number := range map[string]func(i uint64) uint64{
		"one after the other":      func(i uint64) uint64 { return i },
		"every thousandth":         func(i uint64) uint64 { return 1000 * i },
		"every 2^20th":             func(i uint64) uint64 { return i << 20 },
		"every 2^44th":             func(i uint64) uint64 { return i << 44 },
		"with the lowest bits set": func(i uint64) uint64 { return i<<32 | (1<<32 - 1) },
		"counting down from zero":  func(i uint64) uint64 { return -i },
		"the highest bits first":   bits.Reverse64,
		"multiples of a prime":     func(i uint64) uint64 { return 0x9E3779B97F4A7C15 * i },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := make([]reconcile.Bill, 20_000)
			for i := range answer {
				id := strconv.FormatInt(int64(number(uint64(i))), 10)
				answer[i] = reconcile.Bill{ID: id, Link: id}
			}
			for _, atATime := range []int{len(answer), 1000} {
				bills := reconcile.NewBills()
				for from := 0; from < len(answer); from += atATime {
					bills.Add(answer[from : from+atATime]...)
				}
				numbers, slots := bills.Searches()
				require.Equal(t, 2*len(answer), numbers)
				require.Less(t, slots, 4*numbers)
			}
		})
	}
}
