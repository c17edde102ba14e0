package progress

import (
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"payrecon/internal/reconcile"
	"payrecon/internal/remote"
	"payrecon/internal/report"
	"payrecon/workflows"
)

const (
	window  = time.Minute      // by which a pace is measured
	enough  = 5 * time.Second  // less says nothing of a pace
	silence = 25 * time.Second // without an answer before that is said
	// Between two plain lines that say the same, but for the figures; and while the run waits.
	leastGap, waitGap = time.Minute, 10 * time.Minute
)

// News is what was heard when the run was asked.
type News struct {
	workflows.Progress // of the run or, while this one waits for its turn, of the run that is at work
	// Place in the queue: 1 is the next. 0: it is at work.
	Place int
}

// Course is what a run has done so far, as far as it was heard. Times are given, so that it is the same for the same news.
type Course struct {
	Attached bool // it was begun by somebody else, at a time that is not known
	Color    bool

	began time.Time
	heard []heard // of the last minute, oldest first
	told  time.Time
	turn  string // at the last plain line
}

type heard struct {
	at time.Time
	News
}

// Begin is a course that begins now.
func Begin(now time.Time) *Course { return &Course{began: now} }

// Hear takes in what the run answered.
func (c *Course) Hear(now time.Time, news News) {
	last, known := c.last()
	switch {
	case !known:
	case (last.Place == 0) != (news.Place == 0) || news.Requests.Precoro < last.Requests.Precoro:
		c.heard = nil // of another run
	case last.Waiting != "":
		c.heard = []heard{last} // a wait is no pace
	}
	first := 0
	for first < len(c.heard) && now.Sub(c.heard[first].at) > window {
		first++
	}
	c.heard = append(c.heard[first:], heard{at: now, News: news})
}

func (c *Course) last() (heard, bool) {
	if len(c.heard) == 0 {
		return heard{}, false
	}
	return c.heard[len(c.heard)-1], true
}

// Lines are the course for a terminal of so many columns; 0 is no limit. Where a line is too long its last parts are left
// out.
func (c *Course) Lines(now time.Time, columns int) []string {
	last, known := c.last()
	if !known {
		lines := []string{c.bold("starting") + ", " + c.since(now)}
		if quiet := now.Sub(c.began); quiet > silence {
			lines = append(lines, "  "+unheard(quiet))
		}
		return lines
	}
	head := remote.Words(last.Company)
	if last.Mode == workflows.ModePlan && last.Place == 0 {
		head += ", plan"
	}
	head += ", " + c.since(now)
	lines := []string{}
	add := func(parts ...string) {
		if line := joined(parts, columns-2); line != "" {
			lines = append(lines, "  "+line)
		}
	}
	if last.Place > 0 {
		head += fmt.Sprintf(": %s, %s in line", workflows.PhaseQueued, ordinal(last.Place))
		if last.Phase != "" && last.Phase != workflows.PhaseQueued {
			add("before it: "+phase(last.Phase), c.toGo(last))
		}
	} else {
		head += ": " + phase(last.Phase)
		if left := c.toGo(last); left != "" {
			head += " (" + left + ")"
		}
	}
	for _, line := range wrapped(waiting(last.Waiting, now), columns-2) {
		add(line)
	}
	if last.Place == 0 {
		add(readSoFar(last.Progress)...)
		add(doneSoFar(last.Progress)...)
		add(exceptionsSoFar(last.Progress)...)
	}
	add(c.precoro(last)...)
	add(erp(last.Progress)...)
	if quiet := now.Sub(last.at); quiet > silence {
		add(unheard(quiet))
	}
	return append([]string{c.bold(head)}, lines...)
}

func unheard(quiet time.Duration) string {
	return "no answer for " + seconds(quiet) + ": is a worker running?"
}

// Plain is the course in one line, for where nothing can be drawn again.
func (c *Course) Plain(now time.Time) string {
	lines := c.Lines(now, 0)
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "; ")
}

// Due tells whether another plain line is to be written: something else began, or time has passed.
func (c *Course) Due(now time.Time) bool {
	last, known := c.last()
	turn, gap := "silence", waitGap
	switch {
	case known && now.Sub(last.at) <= silence:
		turn = fmt.Sprint(last.Place, last.Phase, last.Waiting)
		if last.Waiting == "" {
			gap = leastGap
		}
	case !known && now.Sub(c.began) <= silence:
		return false
	}
	if turn == c.turn && now.Sub(c.told) < gap {
		return false
	}
	c.turn, c.told = turn, now
	return true
}

// Summary is a run that has ended, in one line.
func (c *Course) Summary(now time.Time, r report.Report) string {
	end := "Ended"
	if !c.Attached {
		end += " after " + seconds(now.Sub(c.began))
	}
	p := workflows.Progress{Mode: r.Mode, Created: r.Created, Adopted: r.Adopted}
	if r.Outcome == report.NeedsApproval {
		p.Mode = workflows.ModePlan
	}
	parts := append([]string{count(r.Invoices, "invoice")}, doneSoFar(p)...)
	exceptions := 0
	for _, n := range r.Exceptions {
		exceptions += n
	}
	if exceptions > 0 {
		parts = append(parts, count(exceptions, "exception"))
	}
	return fmt.Sprintf("%s: %s; %s to Precoro, %d to the ERP.", end, strings.Join(parts, ", "), count(r.Requests.Precoro, "request"), r.Requests.ERP)
}

func (c *Course) since(now time.Time) string {
	if c.Attached {
		return "watched " + seconds(now.Sub(c.began))
	}
	return seconds(now.Sub(c.began))
}

func (c *Course) bold(words string) string {
	if !c.Color {
		return words
	}
	return text.Bold.EscapeSeq() + words + text.Reset.EscapeSeq()
}

// remaining is what is left of a phase that says so.
func remaining(p workflows.Progress) int {
	switch p.Phase {
	case workflows.PhaseTotals:
		return p.Differing - p.PaymentsRead
	case workflows.PhaseWrite:
		return p.InvoicesLeft
	default:
		return 0
	}
}

// toGo is what is left of a phase and, by the pace of the last minute, for how long: unless the run waits, or its quota will
// not do.
func (c *Course) toGo(last heard) string {
	left := remaining(last.Progress)
	if left <= 0 {
		return ""
	}
	words := count(left, "invoice") + " to go"
	first := last
	for i := len(c.heard) - 1; i >= 0 && c.heard[i].Phase == last.Phase; i-- {
		first = c.heard[i]
	}
	done, took := remaining(first.Progress)-left, last.at.Sub(first.at)
	if done <= 0 || took < enough || last.Waiting != "" {
		return words
	}
	if last.Left != nil {
		needed := (last.Requests.Precoro - first.Requests.Precoro) * left / done
		switch {
		case needed > last.Left.PrecoroDay:
			return words + ", more than today's quota allows"
		case needed > last.Left.PrecoroHour:
			return words + ", more than this hour's quota allows"
		}
	}
	return words + ", about " + about(took*time.Duration(left)/time.Duration(done))
}

// waiting is until when and why the run waits.
func waiting(words string, now time.Time) string {
	if words == "" {
		return ""
	}
	text, why, _ := strings.Cut(strings.TrimPrefix(words, "until "), ", ")
	until, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return "waiting " + remote.Words(words)
	}
	return fmt.Sprintf("waiting %s more (%s UTC) %s", seconds(max(until.Sub(now), 0)), until.UTC().Format(time.TimeOnly), remote.Words(why))
}

func readSoFar(p workflows.Progress) (parts []string) {
	for _, part := range []struct {
		n     int
		words string
	}{
		{p.Pages, count(p.Pages, "page")},
		{p.Invoices, count(p.Invoices, "invoice")},
		{p.Changed, count(p.Changed, "changed bill")},
		{p.Linked, count(p.Linked, "bill") + " looked for"},
		{p.Differing, fmt.Sprint(p.Differing, " differ")},
		{p.PaymentsRead, fmt.Sprint(p.PaymentsRead, " of them read")},
	} {
		if part.n > 0 {
			parts = append(parts, part.words)
		}
	}
	return parts
}

func doneSoFar(p workflows.Progress) (parts []string) {
	created, adopted := "created ", "adopted "
	if p.Mode == workflows.ModePlan {
		created, adopted = "would create ", "would adopt "
	}
	if p.Created.ToERP+p.Created.ToPrecoro > 0 {
		parts = append(parts, created+fmt.Sprintf("%d in the ERP and %d in Precoro", p.Created.ToERP, p.Created.ToPrecoro))
	}
	if p.Adopted > 0 {
		parts = append(parts, fmt.Sprint(adopted, p.Adopted))
	}
	return parts
}

func exceptionsSoFar(p workflows.Progress) (parts []string) {
	all := 0
	for _, n := range p.Exceptions {
		all += n
	}
	if all == 0 {
		return nil
	}
	for _, reason := range reconcile.Reasons() {
		if n := p.Exceptions[reason]; n > 0 {
			parts = append(parts, fmt.Sprint(n, " ", reason))
		}
	}
	if len(parts) == 0 {
		return []string{count(all, "exception")} // of reasons that only a newer worker knows
	}
	parts[0] = count(all, "exception") + ": " + parts[0]
	return parts
}

// precoro is what was sent to Precoro, how fast, and what is left.
func (c *Course) precoro(last heard) (parts []string) {
	if last.Requests.Precoro == 0 {
		return nil
	}
	parts = []string{"Precoro: " + count(last.Requests.Precoro, "request")}
	first := c.heard[0]
	sent, took := last.Requests.Precoro-first.Requests.Precoro, last.at.Sub(first.at)
	pace := ""
	if sent > 0 && took >= enough && last.Waiting == "" {
		pace = fmt.Sprintf("%d/min", (time.Duration(sent)*time.Minute+took/2)/took)
	}
	if last.Left == nil {
		return append(parts, pace)
	}
	hour := fmt.Sprintf("%d left this hour", last.Left.PrecoroHour)
	// What lasts longer than the hour is not used up: the hour moves on.
	if lasts := took * time.Duration(last.Left.PrecoroHour) / time.Duration(max(sent, 1)); pace != "" && lasts < time.Hour {
		hour += fmt.Sprintf(" (%s at %s)", about(lasts), pace)
	} else {
		parts = append(parts, pace)
	}
	return append(parts, hour, fmt.Sprintf("%d today", last.Left.PrecoroDay))
}

func erp(p workflows.Progress) (parts []string) {
	if p.Requests.ERP == 0 {
		return nil
	}
	parts = []string{"ERP: " + count(p.Requests.ERP, "request")}
	if p.Left != nil && p.Left.ERPHour > 0 {
		parts = append(parts, fmt.Sprintf("%d left this hour", p.Left.ERPHour))
	}
	return parts
}

// joined are the parts that fit, the first in any case.
func joined(parts []string, columns int) string {
	line := ""
	for _, part := range parts {
		switch longer := line + ", " + part; {
		case part == "":
		case line == "":
			line = part
		case columns > 0 && text.StringWidthWithoutEscSequences(longer) > columns-margin:
			return line
		default:
			line = longer
		}
	}
	return line
}

// wrapped is a line of words that are all needed.
func wrapped(line string, columns int) []string {
	if columns <= margin {
		return []string{line}
	}
	lines := strings.Split(text.WrapSoft(line, columns-margin), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return lines
}

func phase(p workflows.Phase) string {
	if p == "" {
		return "starting"
	}
	return remote.Words(string(p))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func ordinal(n int) string {
	switch {
	case n == 1:
		return "next"
	case n%100 >= 11 && n%100 <= 13:
	case n%10 == 1:
		return fmt.Sprint(n, "st")
	case n%10 == 2:
		return fmt.Sprint(n, "nd")
	case n%10 == 3:
		return fmt.Sprint(n, "rd")
	}
	return fmt.Sprint(n, "th")
}

func seconds(d time.Duration) string { return d.Truncate(time.Second).String() }

// about is a duration that is estimated, as exactly as that may be said.
func about(d time.Duration) string {
	switch {
	case d < time.Minute:
		return max(d.Round(10*time.Second), 10*time.Second).String()
	case d < time.Hour:
		return fmt.Sprint(int(d.Round(time.Minute).Minutes()), "m")
	}
	return strings.TrimSuffix(d.Round(10*time.Minute).String(), "0s")
}
