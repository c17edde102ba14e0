package erply

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
)

// Text is a single value as Erply wrote it. The same field comes as a number in one answer and as a string in the next,
// and as "" or null where it is not set; numbers keep their digits, so that no amount ever passes through a float.
type Text string

// UnmarshalJSON accepts a string, a number, true, false or null. Lists and objects are an error.
func (t *Text) UnmarshalJSON(raw []byte) error {
	switch {
	case len(raw) == 0 || raw[0] == '{' || raw[0] == '[':
		return errors.New("a single value is expected")
	case string(raw) == "null":
		*t = ""
	case raw[0] == '"':
		return json.Unmarshal(raw, (*string)(t))
	default:
		*t = Text(raw)
	}
	return nil
}

// flag reads 0 or 1; what is not set is 0.
func (t Text) flag() (bool, error) {
	switch t {
	case "", "0", "false":
		return false, nil
	case "1", "true":
		return true, nil
	}
	return false, fmt.Errorf("%.20q is neither 0 nor 1", string(t))
}

// integer reads a whole number from 0 on; what is not set is 0.
func (t Text) integer() (int64, error) {
	if t == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(string(t), 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%.20q is not a whole number from 0 on", string(t))
	}
	return n, nil
}

var documentID = regexp.MustCompile(`^[1-9][0-9]{0,17}$`)

// isID tells whether the text can be the id of a document.
func isID(text string) bool { return documentID.MatchString(text) }
