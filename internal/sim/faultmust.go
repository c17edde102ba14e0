package sim

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"payrecon/internal/reconcile"
	"payrecon/internal/report"
	"payrecon/internal/sandbox"
)

// Must is what has to happen upon a fault: in words, and as what is to be seen of it.
type Must struct {
	Words string
	check func(f FaultCase, p FaultPlay) error
}

// The same words for the same outcome.
var (
	readAgain   = Must{"read again after a minute", FaultCase.isReadAgain}
	askedAgain  = Must{"asked again when the limit lifts, and not within a minute", FaultCase.isReadAgain}
	unblocked   = Must{"asked again when Erply no longer blocks the address, after 10 s", FaultCase.isReadAgain}
	lookedFor   = Must{"waited out, looked for, found; nothing is sent twice", FaultCase.isLookedFor}
	inTime      = Must{"within the settle time: " + lookedFor.Words, FaultCase.isLookedFor}
	sentAgain   = Must{"waited out, looked for, not found, sent again", FaultCase.isSentAgain}
	bare        = Must{"a bare 200 is no success: " + sentAgain.Words, FaultCase.isSentAgain}
	notSent     = Must{"surely not carried out: looked for and sent again when the limit lifts", FaultCase.isSentWhenItLifts}
	refusedRow  = Must{"`rejected`, with the other side's words; the next run tries again", FaultCase.isRejected}
	refusedEcho = Must{refusedRow.Words + ", without the credentials", FaultCase.isRejected}
	failed      = Must{"the run ends and says so", FaultCase.isFailed}
	failedEcho  = Must{"the run ends and says so, without the credentials", FaultCase.isFailed}
	noneEcho    = Must{"the invoice is an exception that says so, without the credentials; the next run reads it again", FaultCase.isExcepted}
	singlyEcho  = Must{"the invoices are read one by one, and a note says so, without the credentials", FaultCase.isReadSingly}
	asIfNone    = Must{"no difference", FaultCase.isAsIfNone}
	lists       = Must{"the list is not believed to be shorter than it is", FaultCase.isComplete}
	search      = Must{"a search that hides a document is not believed: the run ends and says so", FaultCase.isDisbelieved}
	tied        = Must{"`rejected`, with the other side's words, without the credentials; the next run ties it to the bill, whose record names it", FaultCase.isTied}
	renewed     = Must{"the session is renewed once; what was not carried out is sent again", FaultCase.isRenewed}
	tooLate     = Must{"beyond the settle time nobody can prevent it: found by the next run, `duplicate_payment` or `overpaid`", FaultCase.isSentAgain}
	tooLateKey  = Must{"beyond the settle time: it is the same key upon the same payment, so nothing is doubled", FaultCase.isSentAgain}
	tooLateSave = Must{"beyond the settle time: the record is the same attribute, so nothing is doubled", FaultCase.isSentAgain}
	twicePost   = Must{"nobody can prevent it: found, `duplicate_payment` or `overpaid`", FaultCase.isSentOnce}
	twiceKey    = Must{"it is the same key upon the same payment, so nothing is doubled", FaultCase.isAsIfNone}
	twiceSave   = Must{"the record is the same attribute, so nothing is doubled", FaultCase.isAsIfNone}
)

const (
	// sameGet is for how long Precoro refuses the same GET. All reads keep to it, but for those that Erply has said when to
	// ask again.
	sameGet = time.Minute
	// blocked is for how long Erply blocks an address that asks too fast.
	blocked = 10 * time.Second
	// patience is how long something may take after the limit has lifted.
	patience = 5 * time.Minute
)

// Judge says what of the case's outcome is not as it must be.
func (f FaultCase) Judge(p FaultPlay) error {
	_, struck := p.struck()
	switch {
	case len(p.Breaches) > 0:
		return fmt.Errorf("broke %v", p.Breaches)
	case !struck || p.Figures.Faults[f.Fault.Counted()] != 1:
		return fmt.Errorf("%v struck, not the one fault", p.Figures.Faults)
	case p.Figures.Created != caseInvoices:
		return fmt.Errorf("%d payments were made, not %d", p.Figures.Created, caseInvoices)
	case f.Doubles:
		if err := f.isFound(p); err != nil {
			return err
		}
	case p.Figures.Doubled != 0 || len(p.Figures.Exceptions) > 0:
		return fmt.Errorf("doubled %d, exceptions %v: everything has to be settled", p.Figures.Doubled, p.Figures.Exceptions)
	}
	return f.Must.check(f, p)
}

// isFound: a payment that stands twice is reported.
func (f FaultCase) isFound(p FaultPlay) error {
	if p.Figures.Doubled != 1 {
		return fmt.Errorf("doubled %d", p.Figures.Doubled)
	}
	reasons := p.Figures.Exceptions
	if reasons[string(reconcile.DuplicatePayment)]+reasons[string(reconcile.Overpaid)] != 1 || len(reasons) != 1 {
		return fmt.Errorf("exceptions %v: a payment that stands twice must be reported as such", reasons)
	}
	return nil
}

// struck is the request that the fault met.
func (p FaultPlay) struck() (asked, bool) {
	i := p.place()
	if i < 0 {
		return asked{}, false
	}
	return p.asked[i], true
}

func (p FaultPlay) place() int {
	return slices.IndexFunc(p.asked, func(a asked) bool { return a.Met != "" })
}

// run is the one during which the fault struck, and its place.
func (p FaultPlay) run() (caseRun, error) {
	hit, _ := p.struck()
	for _, run := range p.runs {
		if !hit.at.Before(run.began) && !hit.at.After(run.ended) {
			return run, nil
		}
	}
	return caseRun{}, errors.New("the fault struck outside of the runs that it is for")
}

// goodRun is the one during which the fault struck, which must not have ended as an error.
func (p FaultPlay) goodRun() (caseRun, error) {
	run, err := p.run()
	if err == nil && run.err != nil {
		err = fmt.Errorf("the run failed: %w", run.err)
	}
	return run, err
}

// writes are what a request writes, each by what it is for: there is one payment to make for each invoice, and one
// save of each bill.
func (a asked) writes() []string {
	var all []string
	for _, call := range a.Calls {
		switch call.Name {
		case post:
			all = append(all, call.Name+" "+call.Fields.Get("invoice[id]"))
		case patch:
			all = append(all, call.Name+" "+call.Fields.Get("idn"))
		case save:
			all = append(all, call.Name+" "+call.Fields.Get("id"))
		default:
		}
	}
	return all
}

// sent is when a write was sent.
func (p FaultPlay) sent(write string) []time.Time {
	var times []time.Time
	for _, a := range p.asked {
		if slices.Contains(a.writes(), write) {
			times = append(times, a.at)
		}
	}
	return times
}

// looked tells whether the side was read between two times.
func (p FaultPlay) looked(side string, from, to time.Time) bool {
	return slices.ContainsFunc(p.asked, func(a asked) bool {
		return a.Side == side && slices.Contains([]string{single, bills}, a.Calls[0].Name) && !a.at.Before(from) && !a.at.After(to)
	})
}

// eachWrite judges what became of each write of the request that was struck.
func (p FaultPlay) eachWrite(judge func(n int, write string, sent []time.Time) error) error {
	hit, _ := p.struck()
	writes := hit.writes()
	if len(writes) == 0 {
		return errors.New("the fault struck no write")
	}
	for n, write := range writes {
		if err := judge(n, write, p.sent(write)); err != nil {
			return fmt.Errorf("%s, struck at %s: %w", write, hit.at.Format(time.TimeOnly), err)
		}
	}
	return nil
}

func (f FaultCase) isSentOnce(p FaultPlay) error {
	return p.eachWrite(func(_ int, _ string, sent []time.Time) error { return times(1, sent) })
}

func times(n int, sent []time.Time) error {
	if len(sent) != n {
		return fmt.Errorf("sent %d times, not %d: %v", len(sent), n, sent)
	}
	return nil
}

// eachSent judges the writes of the request that was struck, each of which was sent n times, and the run, which did not fail.
func (p FaultPlay) eachSent(n int, judge func(run caseRun, sent []time.Time) error) error {
	run, err := p.goodRun()
	if err != nil {
		return err
	}
	return p.eachWrite(func(_ int, _ string, sent []time.Time) error {
		if err := times(n, sent); err != nil {
			return err
		}
		return judge(run, sent)
	})
}

func (f FaultCase) isLookedFor(p FaultPlay) error {
	return p.eachSent(1, func(run caseRun, sent []time.Time) error {
		if settled := sent[0].Add(settle); !p.looked(f.Fault.Side, settled, run.ended) {
			return fmt.Errorf("not looked for from %s until the run ended at %s", settled, run.ended)
		}
		return nil
	})
}

func (f FaultCase) isSentAgain(p FaultPlay) error {
	return p.eachSent(2, func(run caseRun, sent []time.Time) error {
		return p.between(f.Fault.Side, sent[0].Add(settle), sent[1], run.ended)
	})
}

// between: a write is sent again in this run, and not before it was looked for, which is not before what it waits for is over.
func (p FaultPlay) between(side string, over, again, ended time.Time) error {
	if !p.looked(side, over, again) {
		return fmt.Errorf("sent again at %s, and not looked for between %s and then", again, over)
	}
	if again.After(ended) {
		return fmt.Errorf("sent again at %s, when the run had ended at %s", again, ended)
	}
	return nil
}

// lifts is when what was refused at a time may be asked for again.
func (f FaultCase) lifts(at time.Time) time.Time {
	minute := at.Add(sameGet)
	lift := at.Add(f.Fault.Delay)
	switch {
	case f.Fault.Kind != sandbox.Throttle:
		return minute
	case f.Fault.Side == "erply" && f.Fault.Limiter == "hour":
		lift = at.Truncate(time.Hour).Add(time.Hour) // by the clock
	case f.Fault.Limiter == "burst" && f.Fault.Match != save:
		return at.Add(blocked)
	default:
	}
	if lift.Before(minute) {
		return minute
	}
	return lift
}

func (f FaultCase) isSentWhenItLifts(p FaultPlay) error {
	return p.eachSent(2, func(run caseRun, sent []time.Time) error {
		lift := f.lifts(sent[0])
		if sent[1].Sub(lift) > patience {
			return fmt.Errorf("sent again at %s, though it could have been at %s", sent[1], lift)
		}
		return p.between(f.Fault.Side, lift, sent[1], run.ended)
	})
}

// isReadAgain: the same is asked again in the same run, when it may be.
func (f FaultCase) isReadAgain(p FaultPlay) error {
	run, err := p.goodRun()
	if err != nil {
		return err
	}
	hit, _ := p.struck()
	again, err := p.again(hit)
	if err != nil {
		return err
	}
	lift := f.lifts(hit.at)
	switch {
	case again.at.Before(lift):
		return fmt.Errorf("struck at %s, and asked again at %s, before %s", hit.at, again.at, lift)
	case again.at.After(run.ended) || again.at.Sub(lift) > patience:
		return fmt.Errorf("struck at %s, and not asked again before %s: the run ended at %s", hit.at, again.at, run.ended)
	}
	return nil
}

// again is the next request for the same.
func (p FaultPlay) again(hit asked) (asked, error) {
	for _, a := range p.asked[p.place()+1:] {
		if reflect.DeepEqual(a.Calls, hit.Calls) {
			return a, nil
		}
	}
	return asked{}, errors.New("what was struck was never asked for again")
}

// isAsIfNone: the same requests in the same order, and the same reports, as without any fault.
func (f FaultCase) isAsIfNone(p FaultPlay) error {
	calm, err := playCase(f.DropsKeys, nil)
	if err != nil {
		return err
	}
	if got, want := p.requests(), calm.requests(); !slices.Equal(got, want) {
		return fmt.Errorf("asked for %v, and for %v without the fault", got, want)
	}
	return p.reportsAs(calm)
}

// requests are all requests in words. The logins are left out: when a session ends is a matter of time.
func (p FaultPlay) requests() []string {
	var all []string
	for _, a := range p.asked {
		var words []string
		for _, call := range a.Calls {
			words = append(words, call.Name+" "+call.Fields.Encode())
		}
		slices.Sort(words) // of a bulk's parts
		if a.Calls[0].Name != login {
			all = append(all, strings.Join(words, ", "))
		}
	}
	return all
}

// reportsAs: the runs tell of the same rows as without any fault.
func (p FaultPlay) reportsAs(calm FaultPlay) error {
	for n, run := range p.runs {
		want := calm.runs[n].report
		if run.err != nil || run.report.Invoices != want.Invoices || !reflect.DeepEqual(run.report.Rows, want.Rows) {
			return fmt.Errorf("run %d ended with %w and told of %d invoices, %v; without the fault of %d, %v",
				n, run.err, run.report.Invoices, run.report.Rows, want.Invoices, want.Rows)
		}
	}
	return nil
}

// isComplete: whatever is asked again, nothing is left out of any report.
func (f FaultCase) isComplete(p FaultPlay) error {
	calm, err := playCase(f.DropsKeys, nil)
	if err != nil {
		return err
	}
	return p.reportsAs(calm)
}

// isRenewed: there is one login more. Of a bulk, the first half was carried out, and is not sent again.
func (f FaultCase) isRenewed(p FaultPlay) error {
	run, err := p.goodRun()
	if err != nil {
		return err
	}
	hit, _ := p.struck()
	logins := 0
	for _, a := range p.asked[p.place()+1:] {
		if a.Calls[0].Name == login && !a.at.After(run.ended) {
			logins++
		}
	}
	if logins != 1 {
		return fmt.Errorf("%d logins after the session had ended", logins)
	}
	if len(hit.writes()) == 0 {
		return nil // that it is read again is seen by what is written
	}
	return p.eachWrite(func(n int, _ string, sent []time.Time) error {
		if n < len(hit.Calls)/2 {
			return times(1, sent)
		}
		return times(2, sent)
	})
}

// isRejected: what was refused has a row, and is sent again by a later run only. Of a bulk every second part may be refused.
func (f FaultCase) isRejected(p FaultPlay) error {
	run, err := p.goodRun()
	if err != nil {
		return err
	}
	refused := 0
	err = p.eachWrite(func(n int, _ string, sent []time.Time) error {
		if f.Fault.Kind == sandbox.PartFails && n%2 == 1 {
			return times(1, sent)
		}
		refused++
		if err := times(2, sent); err != nil {
			return err
		}
		if !sent[1].After(run.ended) {
			return fmt.Errorf("sent again at %s in the same run", sent[1])
		}
		return nil
	})
	if err != nil {
		return err
	}
	if rows := run.rejected(); rows != refused {
		return fmt.Errorf("%d rows say that something was rejected, not %d: %v", rows, refused, run.report.Rows)
	}
	return nil
}

// rejected counts the rows that say so, in words, and without credentials.
func (r caseRun) rejected() (n int) {
	for _, row := range r.report.Rows {
		if row.Action == report.HasException && row.Reason == reconcile.Rejected && row.Note != "" && secretIn(row.Note) == "" {
			n++
		}
	}
	return n
}

// isFailed: the run that was struck ended as an error, with what the other side said but for the credentials.
func (f FaultCase) isFailed(p FaultPlay) error {
	run, err := p.run()
	if err != nil {
		return err
	}
	if run.err == nil {
		return errors.New("the run did not fail")
	}
	return f.echoed(run.err.Error())
}

// echoed: what was answered stands there, and no credentials. Of Erply it is the number alone, which has words of ours.
func (f FaultCase) echoed(text string) error {
	words := "Bad request of"
	if f.Fault.Side == "erply" {
		words = "refused (1016)"
	}
	if secret := secretIn(text); secret != "" || !strings.Contains(text, words) {
		return fmt.Errorf("%q does not say %q, or holds %q", text, words, secret)
	}
	return nil
}

// isDisbelieved: the run that was struck ended as an error that says why, before anything was written.
func (f FaultCase) isDisbelieved(p FaultPlay) error {
	run, err := p.run()
	if err != nil {
		return err
	}
	if run.err == nil || !strings.Contains(run.err.Error(), "2 documents were found") {
		return fmt.Errorf("the run ended with %w", run.err)
	}
	for _, a := range p.asked {
		if len(a.writes()) > 0 && !a.at.After(run.ended) {
			return fmt.Errorf("%v was written at %s", a.writes(), a.at)
		}
	}
	return nil
}

// isTied: what was refused has a row, and is not sent again.
func (f FaultCase) isTied(p FaultPlay) error {
	run, err := p.goodRun()
	if err != nil {
		return err
	}
	if run.rejected() != 1 {
		return fmt.Errorf("not one row says that something was rejected: %v", run.report.Rows)
	}
	return f.isSentOnce(p)
}

func (f FaultCase) isExcepted(p FaultPlay) error {
	run, err := p.goodRun()
	if err != nil {
		return err
	}
	var excepted []report.Row
	for _, row := range run.report.Rows {
		if row.Action == report.HasException {
			excepted = append(excepted, row)
		}
	}
	if len(excepted) != 1 {
		return fmt.Errorf("%d exceptions: %v", len(excepted), excepted)
	}
	return f.echoed(excepted[0].Note)
}

func (f FaultCase) isReadSingly(p FaultPlay) error {
	run, err := p.goodRun()
	if err != nil {
		return err
	}
	if len(run.report.Notes) != 1 {
		return fmt.Errorf("the notes are %q", run.report.Notes)
	}
	singly := 0
	for _, a := range p.asked {
		if a.Calls[0].Name == single && !a.at.Before(run.began) && !a.at.After(run.ended) {
			singly++
		}
	}
	if singly != caseInvoices-caseNamed {
		return fmt.Errorf("%d invoices were read by themselves", singly)
	}
	return f.echoed(run.report.Notes[0])
}
