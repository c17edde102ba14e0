package reconcile_test

import (
	"fmt"
	"testing"
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
