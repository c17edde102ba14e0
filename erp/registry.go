package erp

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Factory makes the adapter of one account. decode fills the adapter's own configuration struct from its table of the
// configuration file ([company.erp.NAME]) and reports unknown keys and wrong values by their place in it.
type Factory func(decode func(into any) error) (Adapter, error)

// Registry holds adapters by the name that stands in the configuration as `system`.
type Registry map[string]Factory

// Find returns the named factory, or an error that lists what there is.
func (r Registry) Find(system string) (Factory, error) {
	factory, ok := r[system]
	if !ok {
		return nil, fmt.Errorf("system %q is not known, accepted are: %s", system, strings.Join(slices.Sorted(maps.Keys(r)), ", "))
	}
	return factory, nil
}
