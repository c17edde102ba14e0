package tryton

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxName is how long a link or a tag may be, in bytes. What is longer is neither, and cut, so that it fills no history.
const maxName = 255

// name is what people typed, without a credential that may be in it.
func (c *client) name(text string) string {
	if text = c.secrets.ID(text); len(text) > maxName {
		return strings.ToValidUTF8(text[:maxName], "") + "…"
	}
	return text
}

// isName tells whether a field of Tryton's can hold the text as it is read here, see name.
func isName(text string) bool {
	return text != "" && len(text) <= maxName && utf8.ValidString(text) && !strings.Contains(text, "\x00")
}

// recordID reads the id of a record of Tryton's.
func recordID(text string) (int64, bool) {
	id, err := strconv.ParseInt(text, 10, 32)
	return id, err == nil && id > 0 && strconv.FormatInt(id, 10) == text
}
