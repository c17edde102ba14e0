package sandbox

import (
	"net/http"
	"slices"
	"time"
)

// lateRequest is one that arrived, was given up by its client, and is carried out when it is due.
type lateRequest struct {
	sent time.Time
	due  time.Time
	work func() reply
}

// putOff keeps a request back. A read that nobody waits for is forgotten.
func (s *Sandbox) putOff(in request, f *Fault, work func() reply) {
	if in.method == http.MethodGet {
		return
	}
	s.mu.LockToLook()
	defer s.mu.Unlock()
	late := lateRequest{sent: s.now(), due: s.now().Add(f.Delay), work: work}
	at := slices.IndexFunc(s.late, func(other lateRequest) bool { return other.due.After(late.due) })
	if at < 0 {
		at = len(s.late)
	}
	s.late = slices.Insert(s.late, at, late)
}

// catchUp carries out what has become due since somebody last held the lock. It is called by the lock itself, so that nobody
// sees, or works upon, a world in which a late request is overdue; and each of them sees the time that it was due at.
func (s *Sandbox) catchUp() {
	if len(s.late) == 0 {
		return
	}
	for now := s.now(); len(s.late) > 0 && !s.late[0].due.After(now); {
		next := s.late[0]
		s.late = s.late[1:]
		mark := len(s.ledger.writes)
		s.pretended = next.due
		next.work()
		s.pretended = time.Time{}
		s.mu.changes++
		s.ledger.under(Late, mark)
		s.ledger.sent(next.sent, mark)
		s.ledger.unanswered(mark, len(s.ledger.writes))
	}
}

// now is the time of whatever is done under the lock: the clock's, or the time that a late request was due at.
func (s *Sandbox) now() time.Time {
	if !s.pretended.IsZero() {
		return s.pretended
	}
	return s.opts.Now()
}
