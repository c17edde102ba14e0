package precoro

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// maxReason bounds the error bodies that are looked into.
const maxReason = 64 << 10

// reason finds the field and the words in an error's body. Precoro answers {"errors":{"errors":{"field":"text"}}} to a
// refused write (seen by production connectors) and names a top-level message or error elsewhere; an edge in front
// of it answers HTML. The words are foreign: neither bounded nor free of secrets.
func reason(body []byte) (field, text string) {
	body = bytes.TrimSpace(body)
	switch {
	case len(body) == 0:
		return "", "answer is empty"
	case len(body) > maxReason:
		return "", fmt.Sprintf("answer of %d bytes", len(body))
	case !json.Valid(body) && bytes.ContainsRune(body, '<'):
		return "", "answer is not JSON"
	case !json.Valid(body):
		return "", string(body)
	}
	if field, text = knownReason(body); text != "" {
		return field, text
	}
	return "", decoded(body)
}

func knownReason(body json.RawMessage) (field, text string) {
	fields, err := object(body)
	if err != nil {
		return "", texts(body)
	}
	if field, text = fieldError(fields["errors"]); text != "" {
		return field, text
	}
	for _, name := range []string{"message", "error"} {
		if text = plain(fields[name]); text != "" {
			return "", text
		}
	}
	return "", ""
}

// fieldError takes the first complaint out of "errors", nested once more or not.
func fieldError(errors json.RawMessage) (field, text string) {
	if inner, err := object(errors); err == nil && kind(inner["errors"]) != "" {
		errors = inner["errors"]
	}
	if kind(errors) != "an object" {
		return "", texts(errors)
	}
	each := func(key string, value json.RawMessage) {
		if text == "" {
			field, text = key, texts(value)
		}
	}
	if err := elements(errors, maxFields, each); err != nil || text == "" {
		return "", ""
	}
	return field, text
}

// texts is a text, or the texts of a list or an object.
func texts(raw json.RawMessage) string {
	if kind(raw) != "a list" && kind(raw) != "an object" {
		return plain(raw)
	}
	var all []string
	err := elements(raw, maxFields, func(_ string, value json.RawMessage) {
		if text := plain(value); text != "" {
			all = append(all, text)
		}
	})
	if err != nil {
		return ""
	}
	return strings.Join(all, "; ")
}

// decoded is JSON without the escapes that would hide a secret.
func decoded(body []byte) string {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if decoder.Decode(&value) != nil || encoder.Encode(value) != nil {
		return "answer is not understood"
	}
	return strings.TrimSpace(text.String())
}
