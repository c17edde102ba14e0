package sim

import (
	"errors"
	"reflect"
	"unsafe"

	"go.temporal.io/sdk/testsuite"
)

// stopTheWall lets the environment's clock move only when nothing is at work. By itself it lets a timer that is due within a
// few milliseconds fire by the wall's clock while an activity runs, so that which of the two is first depends on how busy the
// machine is, and no seed plays the same twice. There is no option for it: the wall's clock is a field that the SDK keeps to
// itself, and is replaced by one that stands still.
func stopTheWall(env *testsuite.TestWorkflowEnvironment) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the test environment of this SDK keeps its clocks elsewhere: see internal/sim/clock.go")
		}
	}()
	impl := reflect.ValueOf(env).Elem().FieldByName("impl").Elem()
	wall, mock := impl.FieldByName("wallClock"), impl.FieldByName("mockClock")
	still := reflect.New(mock.Type().Elem())                                        // of the same kind as the environment's own, and nobody moves it
	reflect.NewAt(wall.Type(), unsafe.Pointer(wall.UnsafeAddr())).Elem().Set(still) //nolint:gosec // see above
	return nil
}
