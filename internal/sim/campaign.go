package sim

import (
	"runtime"
	"sync"
)

// Campaign plays many seeds, as many at a time as there are processors.
type Campaign struct {
	Seeds   int       `json:"seeds"`
	Figures Figures   `json:"figures"`
	Broken  []Verdict `json:"broken,omitempty"` // without their traces
}

// Play plays n seeds from the first on, and tells each verdict to told, in no order. It ends early where told says so.
func Play(first uint64, n int, told func(Verdict) (goOn bool)) (Campaign, error) {
	var mu sync.Mutex
	var firstErr error
	done := Campaign{}
	next := 0
	take := func() (uint64, bool) {
		mu.Lock()
		defer mu.Unlock()
		if next == n || firstErr != nil {
			return 0, false
		}
		next++
		return first + uint64(next) - 1, true //nolint:gosec // a count
	}
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for {
				seed, more := take()
				if !more {
					return
				}
				verdict, err := Run(seed)
				mu.Lock()
				if err != nil {
					firstErr = err
				} else {
					done.add(verdict)
					if !told(verdict) {
						next = n
					}
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	return done, firstErr
}

func (c *Campaign) add(v Verdict) {
	c.Seeds++
	c.Figures.Add(v.Figures)
	if len(v.Breaches) > 0 {
		v.Trace = nil
		c.Broken = append(c.Broken, v)
	}
}
