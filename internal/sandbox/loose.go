package sandbox

import (
	"encoding/json"
	"hash/fnv"
	"strconv"
)

// Both APIs are loose about types: the same field comes as a number here and as a string there. Which of them comes is
// decided by the document's id and the field's name, so that it is mixed and yet the same every time.

func coin(id int64, field string) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(strconv.FormatInt(id, 10) + field)) // a hash does not fail
	return h.Sum32()>>7&1 == 1
}

// looseNumber is text as a JSON number or string. Text that is no number stays text.
func looseNumber(id int64, field, text string) any {
	if decimalText.MatchString(text) && coin(id, field) {
		return json.Number(text)
	}
	return text
}

func looseInt(id int64, field string, n int64) any {
	return looseNumber(id, field, strconv.FormatInt(n, 10))
}

// looseText is null when empty, and may be a number when it looks like one.
func looseText(id int64, field, text string) any {
	if text == "" {
		return nil
	}
	return looseNumber(id, field, text)
}

// nothing is how a related object is written that is not there: null, or an empty list where an object is expected.
func nothing(id int64, field string) any {
	if coin(id, field) {
		return nil
	}
	return []any{}
}

// collection is a nested list, bare or wrapped.
func collection(id int64, field string, list []any) any {
	if list == nil {
		list = []any{}
	}
	if coin(id, field) {
		return list
	}
	return map[string]any{"data": list}
}
