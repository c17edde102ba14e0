//go:build unix

package cost

// What tests look at from outside.
var (
	Other     = other
	Recipe    = recipe
	Connector = connector
	Days      = days
)
