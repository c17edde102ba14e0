package reconcile_test

import (
	"fmt"
	"testing"

	"payrecon/internal/reconcile"
)

// The largest lists that are judged, and all of them alike: each payment could be each other.
func BenchmarkDecideTheLargestLists(b *testing.B) {
	var precoro, erp payments
	for i := range 500 {
		precoro = append(precoro, pay(fmt.Sprintf("p%03d", i), "0.10", after(start, i%30)))
		erp = append(erp, pay(fmt.Sprintf("e%03d", i), "0.10", after(start, i%30)))
	}
	s := newScene(precoro, erp)
	for b.Loop() {
		if d := s.decide(); len(d.Writes) != 500 {
			b.Fatal(told(d))
		}
	}
}

// From bills and invoices to verdicts, the bills in no order. One core does it all: -cpu 1 keeps the collector there too.
func BenchmarkMatchAll(b *testing.B) {
	for _, n := range []int{1000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			invoices, answer := pairs(n)
			b.ReportAllocs()
			for b.Loop() {
				if matches, _ := match(bothSides, invoices, answer); matches[n-1].Verdict != reconcile.InSync {
					b.Fatal(matches[n-1])
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "invoices/s")
		})
	}
}
