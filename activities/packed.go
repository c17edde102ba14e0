package activities

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"fmt"
	"io"
)

// Packed is a list as histories hold it. A short one is plain JSON, for people to read in the Temporal UI; a long one is
// deflated, to about a sixth: 100 000 invoices and their bills then take some megabytes of a history instead of the 50 MiB
// that it may have. Both forms are read, so that histories from before replay.
type Packed[T any] []T

const (
	// packFrom is from how many bytes on a list is deflated.
	packFrom = 4 << 10
	// maxUnpacked bounds what a packed list is inflated to: far above what any activity here returns.
	maxUnpacked = 64 << 20
)

// MarshalJSON gives a JSON list, or a JSON string that holds one: zlib, then base64.
func (p Packed[T]) MarshalJSON() ([]byte, error) {
	plain, err := json.Marshal([]T(p))
	if err != nil || len(plain) < packFrom {
		return plain, err
	}
	var deflated bytes.Buffer
	w := zlib.NewWriter(&deflated)
	if _, err := w.Write(plain); err != nil {
		return nil, fmt.Errorf("packing a list: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("packing a list: %w", err)
	}
	return json.Marshal(deflated.Bytes())
}

// UnmarshalJSON reads either form.
func (p *Packed[T]) UnmarshalJSON(data []byte) error {
	if len(data) == 0 || data[0] != '"' {
		return json.Unmarshal(data, (*[]T)(p))
	}
	var deflated []byte
	if err := json.Unmarshal(data, &deflated); err != nil {
		return err
	}
	r, err := zlib.NewReader(bytes.NewReader(deflated))
	if err != nil {
		return fmt.Errorf("unpacking a list: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxUnpacked+1))
	if err == nil && len(plain) > maxUnpacked {
		err = fmt.Errorf("it is longer than %d bytes", maxUnpacked)
	}
	if err != nil {
		return fmt.Errorf("unpacking a list: %w", err)
	}
	return json.Unmarshal(plain, (*[]T)(p))
}
