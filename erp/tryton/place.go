package tryton

import (
	"fmt"
	"math"
)

// stage is what a list of changes looks through.
type stage int

const (
	stageBills stage = iota + 1
	stagePayments
	stageLines
)

// place is where a list is read on: after an id. The zero place is behind its end.
type place struct {
	stage stage
	after int64
}

// readPlace reads a cursor; "" is the beginning.
func readPlace(cursor string, changes bool) (place, error) {
	if cursor == "" {
		return place{stage: stageBills}, nil
	}
	var p place
	_, err := fmt.Sscanf(cursor, "%d.%d", &p.stage, &p.after)
	last := stageBills
	if changes {
		last = stageLines
	}
	if err != nil || p.cursor(changes) != cursor || p.stage < stageBills || p.stage > last || p.after < 0 || p.after > math.MaxInt32 {
		return place{}, refuse("cursor", "%.60q; accepted is what the part before gave", cursor)
	}
	return p, nil
}

func (p place) cursor(changes bool) string {
	if p.stage == 0 || p.stage > stageLines || p.stage > stageBills && !changes {
		return ""
	}
	return fmt.Sprintf("%d.%d", p.stage, p.after)
}

// next is the place behind a part.
func (p place) next(got part) place {
	if got.full {
		return place{p.stage, got.last}
	}
	return place{stage: p.stage + 1}
}
