//go:build unix

package match

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Markdown is the result as a table, with what one has to know to read it.
func (r Result) Markdown() string {
	var out strings.Builder
	fmt.Fprint(&out, "| invoices | invoices/s | allocations per invoice | bytes per invoice | SQLite: load | SQLite: join | SQLite takes | its join alone |\n")
	fmt.Fprint(&out, "|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, row := range r.Rows {
		fmt.Fprintf(&out, "| %s | %s | %s | %.0f | %s | %s | %.0f times as long | %.1f times as long |\n",
			grouped(row.Invoices), grouped(int(row.PerSecond())), perInvoice(row.Allocations, row.Invoices), float64(row.Bytes)/float64(row.Invoices),
			round(row.Load), round(row.Join), row.Ratio(), row.JoinRatio())
	}
	fmt.Fprint(&out, "\nFrom slices of invoices and bills to a verdict for each invoice, the index included, on one core (GOMAXPROCS=1). Bills are in\n"+
		"no order. Times are processor time, the best of several runs. SQLite is in memory, has integers for ids, and only counts the\n"+
		"verdicts; `its join alone` is held against all of ours. Both come to the same verdicts:\n\n")
	for _, row := range r.Rows {
		fmt.Fprintf(&out, "* %s invoices, %s bills: %s\n", grouped(row.Invoices), grouped(row.Bills), verdicts(row.Verdicts))
	}
	return out.String()
}

// verdicts are listed by how many there are.
func verdicts(counts map[string]int) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		names[i] = grouped(counts[name]) + " " + name
	}
	return strings.Join(names, ", ")
}

// perInvoice shows few as few: next to nothing is not nothing.
func perInvoice(n uint64, invoices int) string {
	return fmt.Sprintf("%.3f", float64(n)/float64(invoices))
}

func round(d time.Duration) string {
	if d < time.Second {
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

// grouped is a number with blanks between its thousands.
func grouped(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s %03d", grouped(n/1000), n%1000)
}
