package config

import (
	"fmt"
	"io"
)

const hidden = "[secret]"

// Secret is a token or a password. However it is printed or marshalled it shows as "[secret]"; only Reveal gives it.
type Secret string

var (
	_ fmt.Formatter = Secret("")
	_ fmt.Stringer  = Secret("")
)

// Reveal is the secret itself, for the one header or form field it belongs in.
func (s Secret) Reveal() string { return string(s) }

// String hides the secret.
func (s Secret) String() string { return hidden }

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return hidden }

// Format hides the secret from every verb, %x and %d among them, which do not ask String.
func (s Secret) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, hidden)
}

// MarshalText hides the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// MarshalJSON hides the secret.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }
