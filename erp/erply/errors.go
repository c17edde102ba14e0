package erply

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"payrecon/erp"
	"payrecon/internal/remote"
)

// kind is what an error code says about the request, in terms of the port's errors.
type kind int

const (
	refused    kind = iota + 1 // declined for good, nothing was carried out
	unknownID                  // as refused; for a read it means NotFound
	denied                     // Unauthorized: account, user or password
	forbidden                  // a right is missing
	overQuota                  // until the next full hour
	sessionEnd                 // nothing was carried out: log in once and ask again
	untouched                  // may pass, and surely nothing was carried out: a write is NotSent
	mayPass                    // may pass, and what became of a write is not known
)

// codes is Erply's error code list (known up to 1220), in the order of its numbers. The words are ours; an answer holds
// a number and at most the name of a field.
//
// 1064 is Refused although it is a missing right: it concerns one location, and so one document, and must not stop the
// others.
var codes = []struct {
	from, to int
	kind     kind
	text     string
}{
	{1000, 1000, mayPass, "maintenance, or a general error of the server"},
	{1001, 1001, denied, "the account (client_code) is not known"},
	{1002, 1002, overQuota, "the hourly quota of requests is used up"},
	{1003, 1003, mayPass, "the account's database cannot be reached"},
	{1005, 1005, refused, "the call is not known"},
	{1006, 1006, forbidden, "the call is not enabled for this account"},
	{1007, 1007, refused, "the response type is not known"},
	{1008, 1008, mayPass, "maintenance of the database, or the wrong server for this account"},
	{1009, 1009, denied, "the request holds no credentials"},
	{1010, 1010, refused, "a required parameter is missing"},
	{1011, 1011, unknownID, "there is nothing with this id"},
	{1012, 1012, refused, "the value must be unique"},
	{1013, 1013, refused, "the parameters contradict each other"},
	{1014, 1014, refused, "the value has the wrong type"},
	{1015, 1015, refused, "the value is malformed"},
	{1016, 1016, refused, "the value is not valid"},
	{codeConfirmed, codeConfirmed, refused, "the document is confirmed: its contents and warehouse are locked"},
	{1018, 1018, refused, "several records carry this attribute"},
	{1019, 1019, refused, "no record carries this attribute"},
	{1020, 1020, refused, "more than 100 requests in one"},
	{1021, 1021, untouched, "the same report is being made already"},
	{1022, 1022, refused, "it is referred to from elsewhere"},
	{1023, 1029, refused, "the value cannot be used here"},
	{1030, 1030, refused, "the parameter must not be a list"},
	{1040, 1049, refused, "coupon, appointment or promotion"},
	{1050, 1050, denied, "username or password is missing"},
	{1051, 1051, denied, "username or password is wrong"},
	{1052, 1052, denied, "the user is blocked for a while after failed logins"},
	{1053, 1053, denied, "the user has no password"},
	{1054, 1054, sessionEnd, "the session has expired"},
	{1055, 1055, sessionEnd, "the session is not known"},
	{1056, 1059, denied, "the user cannot log in this way"},
	{1060, 1063, forbidden, "the user lacks the right to view, add, edit or delete this"},
	{1064, 1064, refused, "the user has no access to this document's location"},
	{1065, 1065, forbidden, "the user has no access to the API"},
	{1066, 1067, forbidden, "the user or account has no such right"},
	{1068, 1068, denied, "the user is not confirmed"},
	{1071, 1119, refused, "not valid for this call"},
	{1120, 1120, refused, "the account keeps its customers elsewhere"},
	{codeTypeLocked, codeTypeLocked, refused, "the type of a confirmed document cannot change"},
	{1122, 1145, refused, "not valid for this call"},
	{1146, 1146, forbidden, "the user has no employee record"},
	{1147, 1147, refused, "not valid for this call"},
	{1148, 1148, forbidden, "the user may not see personal data"},
	{1149, 1162, refused, "the value cannot be used here"},
	{1170, 1191, denied, "the identity token was not accepted"},
	{1194, 1194, denied, "the identity token was not accepted"},
	{1195, 1200, refused, "not valid for this call"},
	{1201, 1201, forbidden, "this address is not among those that the account accepts"},
	{1202, 1203, refused, "not valid for this call"},
	{1204, 1204, untouched, "the same document is being processed just now"},
	{1205, 1205, untouched, "the document is being edited just now"},
	{1206, 1206, mayPass, "a request with this mark has been carried out before"},
	{1207, 1208, refused, "not valid for this call"},
	{1209, 1209, untouched, "the key of identities is not available"},
	{1210, 1210, refused, "a reason is for purchase returns only"},
	{1211, 1211, forbidden, "the user may not confirm documents"},
	{1212, 1212, denied, "the account wants another way to log in"},
	{1213, 1214, refused, "not valid for this call"},
	{1215, 1215, forbidden, "the partner is blocked"},
	{1216, 1217, refused, "the fields or types do not go together"},
	{1218, 1218, untouched, "another new document is being made just now"},
	{1219, 1219, denied, "the password has expired"},
	{1220, 1220, denied, "the account was deleted"},
}

// Codes that are asked for by number.
const (
	codeConfirmed  = 1017
	codeTypeLocked = 1121
)

// notSent is the code of what is refused here, before anything is sent.
const notSent = "not sent"

func refuse(field, format string, args ...any) error {
	return erp.Refused{Field: field, Text: remote.Words(fmt.Sprintf(format, args...)), Code: notSent}
}

// uncertain is an exchange of which nothing more is known than that it did not end well.
func uncertain(write bool, cause error) error {
	if write {
		return erp.OutcomeUnknown{Cause: cause}
	}
	return erp.Unavailable{Cause: cause}
}

// sessionOver says that the session was not accepted and nothing was carried out. It does not leave the package: final
// is what it means if a new session is not accepted either.
type sessionOver struct{ final error }

func (e sessionOver) Error() string { return e.final.Error() }

// fault is an error code in an answer.
type fault struct {
	code  int
	field string    // the parameter it complains about, or ""
	at    time.Time // by Erply's clock
}

// err is the port's error for the code. A code that is not in the list is final for a read, as asking again may be wrong
// for ever and costs quota each time; for a write it is OutcomeUnknown, as only a code that is known can say that nothing
// was carried out.
func (f fault) err(write bool) error {
	kind, text := f.look()
	cause := fmt.Errorf("error %d: %s", f.code, text)
	switch kind {
	case refused:
		return f.refusal(text)
	case unknownID:
		if !write {
			return erp.NotFound{What: "what was asked for (" + cause.Error() + ")"}
		}
		return f.refusal(text)
	case denied:
		return erp.Unauthorized{Text: cause.Error()}
	case forbidden:
		return erp.Forbidden{Text: cause.Error()}
	case overQuota:
		until := f.at.Truncate(time.Hour).Add(time.Hour)
		return erp.Throttled{Limiter: "Erply's hourly quota", Until: until, After: until.Sub(f.at)}
	case sessionEnd:
		return sessionOver{final: erp.Unauthorized{Text: cause.Error()}}
	case untouched:
		if write {
			return erp.NotSent{Cause: cause}
		}
		return erp.Unavailable{Cause: cause}
	case mayPass:
		return uncertain(write, cause)
	}
	if write {
		return erp.OutcomeUnknown{Cause: cause}
	}
	return f.refusal(text)
}

func (f fault) look() (kind, string) {
	for _, known := range codes {
		if known.from <= f.code && f.code <= known.to {
			return known.kind, known.text
		}
	}
	return 0, "not in Erply's list of error codes"
}

func (f fault) refusal(text string) error {
	return erp.Refused{Field: f.field, Text: text, Code: strconv.Itoa(f.code)}
}

var fieldName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,59}$`)

// fieldOf lets through what can be the name of a parameter. Nothing else of an answer gets into an error.
func fieldOf(text Text) string {
	if fieldName.MatchString(string(text)) {
		return string(text)
	}
	return ""
}
