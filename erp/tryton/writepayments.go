package tryton

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"payrecon/erp"
	"payrecon/internal/money"
	"payrecon/internal/remote"
)

const (
	// patience bounds all calls of one WritePayments; an activity ends after 60 s.
	patience = 45 * time.Second
	// lastCall is when the last of them may begin, so that it has time to be answered.
	lastCall = 30 * time.Second
)

// WritePayments takes each order one step further. Which one that is, the bill says as it was read: no payment carries the
// key, and one is created; it is a draft, and is approved; it is approved, and is processed; it is processing, and succeeds. A
// payment that has succeeded takes no write. A key for a payment that is there is a write of its own.
//
// Orders that take the same step go together, in one transaction. If Tryton declines them, nothing was carried out for any,
// and each goes by itself. A record that was changed since it was read is left alone, and the order is Stale.
//
// An order is Refused before anything is sent if the bill is a draft or cannot be read, if the amount is in another currency
// or more than what is open, if the day is in no open period, and if the payment with the key has failed or another amount.
// Tryton would only ask whether to go on; such a question is Refused too, with the code UserWarning. What there is no time
// for is NotSent.
func (a *Adapter) WritePayments(ctx context.Context, writes []erp.Write) []error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	w := &writing{client: a.client, began: a.client.now(), outcomes: make([]error, len(writes)), jobs: make([]*job, len(writes))}
	for i, one := range writes {
		w.jobs[i], w.outcomes[i] = plan(one.Bill, one.Order)
	}
	for _, group := range w.groups() {
		w.carryOut(ctx, group)
	}
	for i, err := range w.outcomes {
		w.outcomes[i] = a.client.secrets.Error(err) // some say what was read
	}
	return w.outcomes
}

// writing is one WritePayments.
type writing struct {
	*client
	began    time.Time
	jobs     []*job // one for each write, nil for none
	outcomes []error
}

// groups are the places of jobs that can go together: those of a step, and of a day where the ledger is written, as it is the
// context that names the day.
func (w *writing) groups() [][]int {
	type kind struct {
		step step
		date money.Date
	}
	var kinds []kind
	places := map[kind][]int{}
	for i, j := range w.jobs {
		if j == nil {
			continue
		}
		k := kind{step: j.step}
		if j.step == succeed {
			k.date = j.date
		}
		if places[k] == nil {
			kinds = append(kinds, k)
		}
		places[k] = append(places[k], i)
	}
	groups := make([][]int, 0, len(kinds))
	for _, k := range kinds {
		groups = append(groups, places[k])
	}
	return groups
}

func (w *writing) carryOut(ctx context.Context, places []int) {
	opened, err := w.open(ctx)
	if err != nil {
		w.end(places, beforeSending(err, true))
		return
	}
	b := *opened.books
	if places = w.unmoved(ctx, b, w.ready(ctx, b, places)); len(places) == 0 {
		return
	}
	err = w.send(ctx, b, places)
	if len(places) == 1 || !declined(err) {
		w.end(places, err)
		return
	}
	for _, place := range places {
		if left := w.unmoved(ctx, b, []int{place}); len(left) > 0 {
			w.outcomes[place] = w.send(ctx, b, left)
		}
	}
}

// unmoved ends the jobs on bills that have changed since they were read. Tryton itself looks at the payment only, and not at
// whether somebody has paid the bill otherwise: before the steps that lead to the ledger, the bills are looked at once more.
func (w *writing) unmoved(ctx context.Context, b books, places []int) []int {
	if len(places) == 0 || w.jobs[places[0]].step < process {
		return places
	}
	var bills []int64
	for _, place := range places {
		bills = append(bills, w.jobs[place].bill)
	}
	got, err := w.read(ctx, b, b.bills(where("id", "in", bills)), len(bills))
	if err != nil {
		w.end(places, beforeWrite(err))
		return nil
	}
	versions := map[int64]string{}
	for _, inv := range got.bills {
		versions[inv.ID] = inv.version()
	}
	var left []int
	for _, place := range places {
		if j := w.jobs[place]; versions[j.bill] != j.version {
			w.outcomes[place] = erp.Stale{What: fmt.Sprintf("bill %d", j.bill)}
			continue
		}
		left = append(left, place)
	}
	return left
}

func (w *writing) end(places []int, err error) {
	for _, place := range places {
		w.outcomes[place] = err
	}
}

// declined tells whether Tryton itself would not have it, so that nothing was carried out, and one of several may be why.
func declined(err error) bool {
	_, stale := remote.As[erp.Stale](err)
	refused, _ := remote.As[erp.Refused](err)
	return stale || refused.Code == userError || refused.Code == userWarning
}

// ready ends the jobs that cannot reach the ledger, so that no payment is left behind on the way.
func (w *writing) ready(ctx context.Context, b books, places []int) []int {
	var left []int
	for _, place := range places {
		j := w.jobs[place]
		if j.step == putKey {
			return places
		}
		found, err := b.journal(w.cfg.Journal, j.amount.Currency())
		if err != nil {
			w.outcomes[place] = err
			continue
		}
		if j.journal = found.ID; j.step != create && j.payment.Journal != found.ID {
			// Another may send money, or not reach the ledger.
			w.outcomes[place] = refuse("journal", "payment p%d is in another journal than %q by now", j.payment.ID, w.cfg.Journal)
			continue
		}
		left = append(left, place)
	}
	if len(left) == 0 || w.jobs[left[0]].step != create {
		return left
	}
	if left = w.elsewhere(ctx, b, left); len(left) == 0 {
		return nil
	}
	open, err := w.openPeriods(ctx, b, left)
	if err != nil {
		w.end(left, err)
		return nil
	}
	places, left = left, nil
	for _, place := range places {
		if day := w.jobs[place].date; !open(day) {
			w.outcomes[place] = refuse("date", "%s is in no open period of Tryton's", day)
			continue
		}
		left = append(left, place)
	}
	return left
}

// carrier is a payment that carries a key.
type carrier struct {
	ID          int64  `json:"id"`
	Line        int64  `json:"line"`
	Description string `json:"description"`
	Key         string `json:"payrecon_key"` // "" where there is no such field
}

// elsewhere ends the jobs whose key a payment carries that is not on their bill: the bill may have been cancelled and entered
// anew, or the payment moved.
func (w *writing) elsewhere(ctx context.Context, b books, places []int) []int {
	var keys []string
	for _, place := range places {
		keys = append(keys, w.jobs[place].key)
	}
	carried := any(where("description", "in", keys))
	if b.unique {
		carried = either(carried, where(keyField, "in", keys))
	}
	var rows []carrier
	fields := []string{"line", "description"}
	if b.unique {
		fields = append(fields, keyField)
	}
	_, err := w.search(ctx, b, "account.payment", domain{carried, where("company", "=", b.company), where("state", "!=", failed)}, nil, fields, &rows)
	if err != nil {
		w.end(places, beforeWrite(err))
		return nil
	}
	var left []int
	for _, place := range places {
		j := w.jobs[place]
		i := slices.IndexFunc(rows, func(row carrier) bool { return row.Description == j.key || row.Key == j.key })
		switch {
		case i < 0:
			left = append(left, place)
		case slices.Contains(j.lines, rows[i].Line):
			w.outcomes[place] = erp.Stale{What: fmt.Sprintf("bill %d", j.bill)} // somebody else was quicker
		default:
			w.outcomes[place] = refuse("key", "payment p%d of another bill carries %s: fail or delete it, or take the key off it", rows[i].ID, j.key)
		}
	}
	return left
}

// openPeriods tells of a day whether the ledger can be written on it.
func (w *writing) openPeriods(ctx context.Context, b books, places []int) (func(money.Date) bool, error) {
	first, last := w.jobs[places[0]].date, w.jobs[places[0]].date
	for _, place := range places {
		first, last = min(first, w.jobs[place].date), max(last, w.jobs[place].date)
	}
	from, err := taggedDate(first)
	if err != nil {
		return nil, erp.NotSent{Cause: err} // plan has checked it
	}
	to, err := taggedDate(last)
	if err != nil {
		return nil, erp.NotSent{Cause: err}
	}
	var periods []struct {
		Start date `json:"start_date"`
		End   date `json:"end_date"`
	}
	_, err = w.search(ctx, b, "account.period", domain{
		where("fiscalyear.company", "=", b.company), where("type", "=", "standard"), where("state", "=", "open"),
		where("start_date", "<=", to), where("end_date", ">=", from),
	}, nil, []string{"start_date", "end_date"}, &periods)
	if err != nil {
		return nil, beforeWrite(err)
	}
	return func(day money.Date) bool {
		for _, one := range periods {
			if one.Start.Date <= day && day <= one.End.Date {
				return true
			}
		}
		return false
	}, nil
}

// beforeWrite: a read before a write failed, and so nothing was written.
func beforeWrite(err error) error {
	if failed, ok := remote.As[erp.Unavailable](err); ok {
		return erp.NotSent{Cause: failed.Cause}
	}
	return err
}

var errLate = errors.New("no time is left to send it")

// send carries out one step for jobs that can go together, in one transaction.
func (w *writing) send(ctx context.Context, b books, places []int) error {
	if w.now().Sub(w.began) > lastCall {
		return erp.NotSent{Cause: errLate}
	}
	jobs := make([]*job, 0, len(places))
	for _, place := range places {
		jobs = append(jobs, w.jobs[place])
	}
	var err error
	switch jobs[0].step {
	case putKey:
		err = w.putKeys(ctx, b, jobs)
	case create:
		err = w.create(ctx, b, jobs)
	case approve:
		err = w.press(ctx, "approve", jobs, b.unchanged(jobs))
	case process:
		err = w.process(ctx, b, jobs)
	case succeed:
		err = w.succeed(ctx, b, jobs)
	}
	if len(jobs) == 1 && b.unique && declined(err) && w.isThere(ctx, b, jobs[0]) {
		return nil
	}
	return err
}
