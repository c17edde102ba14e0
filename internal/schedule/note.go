package schedule

import (
	"fmt"
	"strings"
	"time"

	"payrecon/internal/remote"
)

// A schedule's note is what the Temporal UI shows of it in words: what it does and who set it so; before that, while it is
// paused, by whom and why; behind it, who resumed it.
//
//	paused by bob on 2026-03-31: month end; every 15 minutes, changes since the last run, full once a day; set by alice on 2026-03-14
const (
	between = "; "
	resumed = "resumed"
)

// Who does something to a schedule, and when.
type Who struct {
	Name string // "" if it is not known
	At   time.Time
}

// did is one thing in a note, such as "paused by bob on 2026-03-31: month end".
func (w Who) did(what, reason string) string {
	if name := person(w.Name); name != "" {
		what += " by " + name
	}
	what += " on " + w.At.UTC().Format(time.DateOnly)
	if reason = strings.TrimSpace(remote.Words(reason)); reason != "" {
		what += ": " + reason
	}
	return what
}

// person is a login that may stand in a note: no e-mail address, and nothing that reads as more than a name.
func person(login string) string {
	name, _, _ := strings.Cut(login, "@")
	return strings.TrimSpace(strings.NewReplacer(";", " ", ":", " ").Replace(remote.Words(name)))
}

// note is a schedule's note, taken apart.
type note struct {
	paused string // "" if nothing is said of that
	does   string // what it does, and who set it so
}

// readNote takes a note apart, by the words for what its schedule does. A note of somebody else's says why the schedule is
// paused if it is, and else nothing that has to be kept.
func readNote(text, words string, paused bool) note {
	text = strings.TrimSpace(text)
	at := -1
	if words != "" {
		at = strings.LastIndex(text, words)
	}
	n := note{does: words}
	before := text
	if at >= 0 {
		before = text[:at]
		n.does, _, _ = strings.Cut(text[at:], between+resumed)
	}
	if paused {
		n.paused = strings.TrimSpace(strings.TrimSuffix(before, between))
	}
	return n
}

func (n note) String() string {
	if n.paused == "" || n.does == "" {
		return n.paused + n.does
	}
	return fmt.Sprint(n.paused, between, n.does)
}
