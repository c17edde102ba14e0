package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"payrecon/internal/reconcile"
	"payrecon/internal/remote"
)

const (
	// leastText is how narrow free text may get in a small terminal, in cells.
	leastText = 24
	gap       = 2 // cells behind each column
)

// Table writes the report for people: the outcome and the counts in words, the exceptions by reason, the rows. Lines are
// at most width cells wide where that leaves room for words; 0 is no limit. Foreign text is shown without control
// characters.
func (r Report) Table(w io.Writer, width int, color bool) error {
	parts := []string{r.headline(color), r.summary(width)}
	if len(r.Exceptions) > 0 {
		parts = append(parts, r.exceptions(width))
	}
	if len(r.Rows) > 0 {
		parts = append(parts, r.rows(width))
	}
	if r.Truncated {
		parts = append(parts, fmt.Sprintf("There are more rows than the %d shown; every one is in the history of the run.", len(r.Rows)))
	}
	for _, note := range r.Notes {
		parts = append(parts, wrap("Note: "+clean(note), width))
	}
	if _, err := io.WriteString(w, strings.Join(parts, "\n\n")+"\n"); err != nil {
		return fmt.Errorf("writing the report as a table: %w", err)
	}
	return nil
}

// Writes tells how many payments and tags the run wrote or, in a plan, would write.
func (r Report) Writes() int { return r.Created.ToERP + r.Created.ToPrecoro + r.Adopted }

// planned: the counts say what would be done.
func (r Report) planned() bool { return r.Mode == "plan" || r.Outcome == NeedsApproval }

func (r Report) headline(color bool) string {
	const red, yellow, green, reset = "\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[0m"
	var line string
	shade := yellow
	switch r.Outcome {
	case Agreed:
		line, shade = "Precoro and the ERP agree.", green
		if r.planned() && r.Writes() > 0 {
			line, shade = "Payments are missing, and a run would create them.", yellow
		}
	case Exceptions:
		line, shade = "Differences are open that a person must settle.", red
	case NeedsApproval:
		line = "Nothing was written: the plan is over the company's caps and needs approval."
	case Stopped:
		line = "Stopped before the end. What had begun was finished, nothing is half done."
	default:
		line = clean(string(r.Outcome))
	}
	if r.Mode == "plan" && r.Outcome != NeedsApproval {
		line += " This is a plan: nothing was written."
	}
	if !color {
		return line
	}
	return shade + line + reset
}

func (r Report) summary(width int) string {
	created, adopted := "Created", "Adopted"
	if r.planned() {
		created, adopted = "Would create", "Would adopt"
	}
	t := newTable()
	t.Style().Options = table.OptionsNoBordersAndSeparators
	t.Style().Box.PaddingLeft = ""
	line := func(name, value string, more ...any) { t.AppendRow(table.Row{name, fmt.Sprintf(value, more...)}) }
	line("Company", "%s", clean(r.Company))
	line("Read", "%s", clean(r.Scope))
	line("Invoices", "%d: %d agree, %d have neither a bill nor a payment yet", r.Invoices, r.InSync, r.Unlinked)
	if r.Unchanged > 0 {
		line("Unchanged", "%d listed once more, as an earlier run has settled them", r.Unchanged)
	}
	if r.LeftOut > 0 {
		line("Left out", "%d credit notes and parts of split costs", r.LeftOut)
	}
	line(created, "%s in the ERP, %s in Precoro", payments(r.Created.ToERP), payments(r.Created.ToPrecoro))
	if r.Adopted > 0 {
		line(adopted, "%s found on both sides and joined by a key", payments(r.Adopted))
	}
	if r.BeforeStart > 0 {
		line("Too old", "%s missing, but before the company's start date", payments(r.BeforeStart))
	}
	if r.OtherDirection > 0 {
		line("Other way", "%s missing, but in the direction that was not asked for", payments(r.OtherDirection))
	}
	line("Exceptions", "%d", r.exceptionCount())
	line("Requests", "%s", r.requests())
	for _, w := range r.Ways {
		line("Read "+clean(w.What), "%s, for %s; %s it would be %s", clean(w.Way), requestsOf(w.Cost), clean(w.Instead), cost(w.InsteadCost))
	}
	if r.Left != nil {
		line("Left", "%s", r.Left.words())
	}
	for _, w := range r.Waits {
		line("Waited", "until %s, because %s", w.Until.UTC().Format(time.RFC3339), clean(w.Why))
	}
	if r.Digest != "" {
		line("Digest", "%s", clean(r.Digest))
	}
	if r.Outcome == NeedsApproval {
		line("To approve", "payrecon run --company %s --approve %s", clean(r.Company), clean(r.Digest))
	}
	return render(t, width, 2, len("Would create")+2*gap)
}

func (r Report) requests() string {
	text := fmt.Sprintf("%d to Precoro, %d to the ERP", r.Requests.Precoro, r.Requests.ERP)
	if r.Requests.ERPCost > 0 && r.Requests.ERPCost != r.Requests.ERP*PerRequest {
		text += fmt.Sprintf(" (they count as %s there)", cost(r.Requests.ERPCost))
	}
	return text
}

func requestsOf(thousandths int) string {
	if thousandths == PerRequest {
		return "1 request"
	}
	return cost(thousandths) + " requests"
}

// cost is a cost in requests, to a tenth where it is no whole number.
func cost(thousandths int) string {
	whole, rest := thousandths/PerRequest, thousandths%PerRequest
	if rest == 0 {
		return strconv.Itoa(whole)
	}
	return strings.TrimRight(fmt.Sprintf("%d.%03d", whole, rest), "0")
}

func (l Left) words() string {
	text := fmt.Sprintf("%d requests to Precoro this hour, %d today", l.PrecoroHour, l.PrecoroDay)
	if l.ERPHour > 0 {
		text += fmt.Sprintf("; %d to the ERP this hour", l.ERPHour)
	}
	return text
}

func (r Report) exceptionCount() int {
	n := 0
	for _, count := range r.Exceptions {
		n += count
	}
	return n
}

func (r Report) exceptions(width int) string {
	t := newTable()
	t.AppendHeader(table.Row{"Reason", "Count", "What it means"})
	widest := 0
	for _, reason := range inOrder(r.Exceptions) {
		code := clean(string(reason))
		widest = max(widest, len(code))
		t.AppendRow(table.Row{code, r.Exceptions[reason], wordsOf(reason)})
	}
	return render(t, width, 3, widest+len("Count")+3*gap)
}

func (r Report) rows(width int) string {
	t := newTable()
	header := []string{"Invoice", "Bill", "Done", "Amount", "Date", "Paid in Precoro", "Paid in the ERP", "Key", "Note"}
	widest := make([]int, len(header)-1)
	add := func(cells []string) table.Row {
		row := table.Row{}
		for i, cell := range cells {
			if i < len(widest) {
				widest[i] = max(widest[i], text.StringWidthWithoutEscSequences(cell))
			}
			row = append(row, cell)
		}
		return row
	}
	t.AppendHeader(add(header))
	for _, one := range r.Rows {
		t.AppendRow(add([]string{
			strconv.FormatInt(one.Invoice, 10), clean(one.Bill), one.done(), clean(strings.TrimSpace(one.Amount + " " + one.Currency)),
			clean(one.Date), change(one.Before.Precoro, one.After.Precoro), change(one.Before.ERP, one.After.ERP), clean(one.Key), clean(one.Note),
		}))
	}
	taken := gap
	for _, cells := range widest {
		taken += cells + gap
	}
	if width > 0 && width < taken+leastText {
		return r.list(width)
	}
	return render(t, width, len(header), taken)
}

// list shows the rows in a terminal that is too narrow for their table.
func (r Report) list(width int) string {
	var list []string
	for _, one := range r.Rows {
		parts := []string{fmt.Sprintf("Invoice %d: %s", one.Invoice, one.done())}
		for _, part := range []struct{ name, value string }{
			{"", one.Amount + " " + one.Currency},
			{"", one.Date},
			{"bill ", one.Bill},
			{"key ", one.Key},
			{"paid in Precoro ", change(one.Before.Precoro, one.After.Precoro)},
			{"paid in the ERP ", change(one.Before.ERP, one.After.ERP)},
			{"", one.Note},
		} {
			if value := strings.TrimSpace(part.value); value != "" {
				parts = append(parts, part.name+clean(value))
			}
		}
		list = append(list, wrap(strings.Join(parts, ", "), width))
	}
	return strings.Join(list, "\n")
}

// done is what was done about a row, in words.
func (r Row) done() string {
	side := map[reconcile.Direction]string{reconcile.ToERP: " in the ERP", reconcile.ToPrecoro: " in Precoro"}[r.Direction]
	switch r.Action {
	case Created:
		return "created" + side
	case WouldCreate:
		return "would create" + side
	case Adopted:
		return "adopted"
	case WouldAdopt:
		return "would adopt"
	case HasException:
		return clean(string(r.Reason))
	}
	return clean(string(r.Action))
}

func change(before, after string) string {
	if before == after || after == "" {
		return clean(before)
	}
	return clean(before) + " → " + clean(after)
}

func payments(n int) string {
	if n == 1 {
		return "1 payment"
	}
	return fmt.Sprintf("%d payments", n)
}

func newTable() table.Writer {
	t := table.NewWriter()
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Options.SeparateHeader = true
	style.Format.Header = text.FormatDefault
	style.Box.PaddingLeft = ""
	style.Box.PaddingRight = "  "
	t.SetStyle(style)
	return t
}

// render wraps the last column so that lines keep within width, where the other columns leave room for words.
func render(t table.Writer, width, lastColumn, taken int) string {
	columns := []table.ColumnConfig{{Name: "Amount", Align: text.AlignRight}}
	if width > 0 {
		columns = append(columns, table.ColumnConfig{Number: lastColumn, WidthMax: max(width-taken, leastText), WidthMaxEnforcer: text.WrapSoft})
	}
	t.SetColumnConfigs(columns)
	return trimmed(t.Render())
}

// trimmed drops the blanks at the end of each line.
func trimmed(lines string) string {
	list := strings.Split(lines, "\n")
	for i := range list {
		list[i] = strings.TrimRight(list[i], " ")
	}
	return strings.Join(list, "\n")
}

func wrap(line string, width int) string {
	if width <= 0 {
		return line
	}
	return trimmed(text.WrapSoft(line, max(width, leastText)))
}

// clean makes foreign text fit for a terminal: one line, bounded, and no control or formatting characters that would
// move the cursor or turn the direction of writing.
func clean(foreign string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, remote.Words(foreign))
}
