//go:build unix

package match

import (
	"runtime"
	"syscall"
	"time"
)

// Each thing is done as often as fits, and the best time counts: what is slower was slowed down by something else.
const (
	mostRuns  = 50
	mostTime  = 3 * time.Second
	leastRuns = 1 // a large SQLite database takes long
)

// cost is what one run took.
type cost struct {
	time        time.Duration // of the processor
	allocations uint64
	bytes       uint64
}

// best does something several times and returns what it cost when it cost least time.
func best(do func() error) (least cost, err error) {
	var spent time.Duration
	for runs := 0; runs < leastRuns || runs < mostRuns && spent < mostTime; runs++ {
		one, err := costOf(do)
		if err != nil {
			return cost{}, err
		}
		spent += one.time
		if runs == 0 || one.time < least.time {
			least = one
		}
	}
	return least, nil
}

func costOf(do func() error) (cost, error) {
	runtime.GC() // nobody pays for what others have left behind
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start, err := processorTime()
	if err != nil {
		return cost{}, err
	}
	if err := do(); err != nil {
		return cost{}, err
	}
	end, err := processorTime()
	runtime.ReadMemStats(&after)
	return cost{time: end - start, allocations: after.Mallocs - before.Mallocs, bytes: after.TotalAlloc - before.TotalAlloc}, err
}

// processorTime is what this process has used so far. On a machine that has other things to do, it says more than a clock.
func processorTime() (time.Duration, error) {
	var usage syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), err
}
