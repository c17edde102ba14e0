package sandbox

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"time"
)

const (
	sessionDefault = 3600  // seconds
	sessionMost    = 86400 // seconds
	loginsAllowed  = 5     // failures in a row; the real number is not documented
	loginsBlocked  = 15 * time.Minute
)

// logins are Erply's sessions, and who has failed to get one.
type logins struct {
	expires      map[string]time.Time // by session key
	failures     int
	blockedUntil time.Time
}

func newLogins() logins { return logins{expires: map[string]time.Time{}} }

// check is 0 for a live session, else the error's code.
func (l *logins) check(common map[string]string, now time.Time) int {
	key, given := common["sessionKey"]
	expires, known := l.expires[key]
	switch {
	case !given || key == "":
		return 1009
	case !known:
		return 1055
	case !now.Before(expires):
		return 1054
	}
	return 0
}

// end lets a session be over, if there is one.
func (l *logins) end(common map[string]string, now time.Time) {
	if _, known := l.expires[common["sessionKey"]]; known {
		l.expires[common["sessionKey"]] = now
	}
}

func (s *Sandbox) verifyUser(params map[string]string) erplyOutcome {
	if wrong := s.only("verifyUser", params, "username", "password", "sessionLength", "doNotGenerateIdentityToken"); wrong != nil {
		return *wrong
	}
	l, now := &s.logins, s.now()
	if now.Before(l.blockedUntil) {
		return failed(1052, "")
	}
	switch {
	case params["username"] == "" || params["password"] == "":
		return failed(1050, "")
	case params["username"] != s.opts.Username || params["password"] != s.opts.Password:
		l.failures++
		if l.failures >= loginsAllowed {
			l.failures, l.blockedUntil = 0, now.Add(loginsBlocked)
		}
		return failed(1051, "")
	}
	length := sessionDefault
	if text, given := params["sessionLength"]; given {
		asked, err := strconv.Atoi(text)
		if err != nil {
			return failed(1014, "sessionLength")
		}
		if asked > 0 {
			length = min(asked, sessionMost)
		}
	}
	l.failures = 0
	key := sessionKey(len(l.expires))
	l.expires[key] = now.Add(time.Duration(length) * time.Second)
	return one(map[string]any{
		"userID": "6", "userName": params["username"], "employeeID": "4", "employeeName": "Robot", "groupID": "1", "groupName": "API",
		"ipAddress": "127.0.0.1", "sessionKey": key, "sessionLength": length, "loginUrl": "",
	})
}

func sessionKey(n int) string {
	h := fnv.New128a()
	_, _ = fmt.Fprintf(h, "session %d", n) // a hash does not fail
	return fmt.Sprintf("%x", h.Sum(nil))
}
