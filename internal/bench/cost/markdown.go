//go:build unix

package cost

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/template"
)

//go:embed cost.md.tmpl
var page string

var tables = template.Must(template.New("cost.md").Funcs(template.FuncMap{
	"grouped": grouped, "tenths": tenths, "days": days, "kib": kib, "mib": mib, "ratio": ratio, "int": func(n int64) int { return int(n) },
}).Parse(page))

// Markdown is the page about the result, with what was measured of matching. What is noisy stands in the last section.
func (r Result) Markdown(matching string) (string, error) {
	var text strings.Builder
	err := tables.Execute(&text, map[string]any{
		"Rows": r.Rows, "Peaks": r.Peaks, "Matching": matching, "Actions": r.actions(), "Full": r.only(FullDiffering),
	})
	return text.String(), err
}

// actionTable tells where the actions of the largest world come from.
type actionTable struct {
	Size  int
	Rows  []Row
	Kinds []string
}

func (r Result) actions() actionTable {
	var t actionTable
	kinds := map[string]bool{}
	for _, row := range r.Rows {
		t.Size = max(t.Size, row.Size)
	}
	for _, row := range r.Rows {
		if row.Size != t.Size {
			continue
		}
		t.Rows = append(t.Rows, row)
		for kind := range row.Kinds {
			kinds[kind] = true
		}
	}
	t.Kinds = slices.Sorted(maps.Keys(kinds))
	return t
}

func (r Result) only(kind Kind) []Row {
	return slices.DeleteFunc(slices.Clone(r.Rows), func(row Row) bool { return row.Kind != kind })
}

// grouped writes 100000 as 100 000.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + " " + text[at:]
	}
	return text
}

func tenths(n int) string { return fmt.Sprintf("%s.%d", grouped(n/10), n%10) }

// days is how long so many requests take at Precoro's daily quota, in words.
func days(requests int) string {
	const quota = 3000
	if whole := (requests + quota - 1) / quota; whole > 1 {
		return grouped(whole) + " days"
	}
	return "1 day"
}

func kib(bytes int64) string { return grouped(int((bytes + 512) >> 10)) }

func mib(bytes int64) string { return grouped(int((bytes + 512<<10) >> 20)) }

// ratio is how many times as long a run took as the one of the same kind in the smallest world, and how many times as large
// that world is.
func ratio(rows []Row, row Row) string {
	first := slices.IndexFunc(rows, func(other Row) bool { return other.Kind == row.Kind })
	if rows[first].Took <= 0 {
		return ""
	}
	hundredths := int(100 * row.Took / rows[first].Took)
	return fmt.Sprintf("%s.%02d", grouped(hundredths/100), hundredths%100)
}
