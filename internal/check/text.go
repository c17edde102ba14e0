package check

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

const (
	// leastText is how narrow the words may get in a small terminal, in cells.
	leastText = 24
	gap       = 2 // cells behind the first column
)

// Table writes the report for people, a block a company. Lines are at most width cells wide where that leaves room for
// words; 0 is no limit.
func (r Report) Table(w io.Writer, width int, color bool) error {
	blocks := make([]string, 0, len(r.Companies))
	for _, one := range r.Companies {
		blocks = append(blocks, one.headline(width, color)+"\n"+one.block(width))
	}
	if _, err := io.WriteString(w, strings.Join(blocks, "\n\n")+"\n"); err != nil {
		return fmt.Errorf("writing the check as a table: %w", err)
	}
	return nil
}

func (r Result) headline(width int, color bool) string {
	const red, yellow, green, reset = "\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[0m"
	line, shade := r.Company+": "+r.summary(), green
	switch {
	case !r.reached():
		shade = red
	case r.Precoro.Outcome == Busy || r.ERP.Outcome == Busy || len(r.Precoro.Warnings)+len(r.ERP.Warnings) > 0:
		shade = yellow
	}
	if width > 0 {
		line = trimmed(text.WrapSoft(line, max(width, leastText)), "")
	}
	if !color {
		return line
	}
	return shade + line + reset
}

func (r Result) summary() string {
	var parts []string
	if r.Precoro.Outcome != OK {
		parts = append(parts, "Precoro "+words[r.Precoro.Outcome])
	}
	if r.ERP.Outcome != OK {
		parts = append(parts, "the ERP "+words[r.ERP.Outcome])
	}
	if len(parts) > 0 {
		line := strings.Join(parts, ", ") + "."
		return strings.ToUpper(line[:1]) + line[1:]
	}
	if n := len(r.Precoro.Warnings) + len(r.ERP.Warnings); n > 0 {
		return "both sides can be reached, but look at the warnings."
	}
	return "both sides can be reached, and show what a run needs."
}

// block lists what each side showed.
func (r Result) block(width int) string {
	t := table.NewWriter()
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", strings.Repeat(" ", gap)
	t.SetStyle(style)
	if width > 0 {
		room := max(width-len("Warning")-2*gap, leastText)
		t.SetColumnConfigs([]table.ColumnConfig{{Number: 2, WidthMax: room, WidthMaxEnforcer: text.WrapSoft}})
	}
	lines := func(name string, side Side, seen []string) {
		for _, line := range append(side.lines(), seen...) {
			t.AppendRow(table.Row{name, line})
			name = ""
		}
		for _, warning := range side.Warnings {
			t.AppendRow(table.Row{"Warning", warning})
		}
	}
	lines("Precoro", r.Precoro.Side, r.Precoro.seen())
	lines("ERP", r.ERP.Side, r.ERP.seen())
	return trimmed(t.Render(), "  ")
}

// trimmed indents each line, and drops the blanks at its end.
func trimmed(lines, indent string) string {
	list := strings.Split(lines, "\n")
	for i := range list {
		list[i] = strings.TrimRight(indent+list[i], " ")
	}
	return strings.Join(list, "\n")
}

// lines say how the side took being asked.
func (s Side) lines() []string {
	line := words[s.Outcome] + " (" + counted(s.Requests, "request") + ")"
	if s.Failed == "" {
		return []string{line}
	}
	return []string{line, s.Failed + ": " + s.Reason, s.Hint}
}

func (p Precoro) seen() []string {
	var lines []string
	if p.Invoices != nil {
		lines = append(lines, p.Invoices.words("invoice")+" of status 2, 4 and 5"+p.Invoices.linked())
	}
	if p.Payments != nil {
		lines = append(lines, p.Payments.words("payment")+p.Payments.linked())
	}
	return lines
}

func (r Rows) words(what string) string {
	if r.Total < 0 {
		return "at least " + counted(r.Read, what)
	}
	return counted(r.Total, what)
}

func (r Rows) linked() string {
	if r.Read == 0 {
		return ""
	}
	return fmt.Sprintf("; newest %d: %d with an external ID", r.Read, r.ExternalIDs)
}

func (e ERP) seen() []string {
	lines := e.bills()
	if e.UniqueKeys {
		lines = append(lines, "refuses by itself to hold two payments with one key")
	}
	return lines
}

func (e ERP) bills() []string {
	if e.Bills == nil {
		if e.Outcome == OK {
			return []string{"no bill was looked for"}
		}
		return nil
	}
	b := e.Bills
	line := fmt.Sprintf("newest %s: %d with a bill", counted(b.Invoices, "invoice"), b.Linked)
	if b.Linked > 0 {
		line += fmt.Sprintf(" (%d by the ERP's field, %d by the invoice's external ID)", b.ByERP, b.Linked-b.ByERP)
	}
	lines := []string{line}
	for _, one := range []struct {
		count       int
		what, words string
	}{
		{b.Ambiguous, "invoice", "with several bills, or with links that disagree"},
		{b.Drafts, "bill", "in draft, on which no payment can be created"},
		{b.Differ, "bill", "with another total or currency than the invoice"},
	} {
		if one.count > 0 {
			lines = append(lines, counted(one.count, one.what)+" "+one.words)
		}
	}
	return lines
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
