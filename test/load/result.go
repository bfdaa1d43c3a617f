package main

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// result is one line of the table.
type result struct {
	name     string
	figure   string
	baseline string // what it is compared with; empty: with nothing
	ratio    float64
	target   string // empty: none
	met      bool
}

type report []result

// table is the results as Markdown, for docs/benchmarks.md.
func (r report) table(title string) string {
	rows := [][]string{{title, "measured", "baseline", "ratio", "target", "ok"}, nil}
	for _, x := range r {
		ratio, ok := "", ""
		if x.ratio > 0 {
			ratio = fmt.Sprintf("%.2f", x.ratio)
		}
		if x.target != "" {
			ok = map[bool]string{true: "yes", false: "NO"}[x.met]
		}
		rows = append(rows, []string{x.name, x.figure, x.baseline, ratio, x.target, ok})
	}
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	for n, row := range rows {
		for i := range width {
			if n == 1 {
				b.WriteString("|" + strings.Repeat("-", width[i]+2))
				continue
			}
			b.WriteString("| " + row[i] + strings.Repeat(" ", width[i]-len([]rune(row[i]))+1))
		}
		b.WriteString("|\n")
	}
	return b.String()
}

// verdict names the targets that were missed.
func (r report) verdict() string {
	var missed []string
	for _, x := range r {
		if x.target != "" && !x.met {
			missed = append(missed, "  "+x.name+": "+x.figure+", target "+x.target)
		}
	}
	if len(missed) == 0 {
		return "All targets are met."
	}
	return "Missed targets:\n" + strings.Join(missed, "\n")
}

//go:embed page.md
var pageText string

// page is docs/benchmarks.md for a run.
func page(machine string, args, tables []string, verdict string) []byte {
	var more strings.Builder
	for i, a := range args {
		if a != "-write" && (i == 0 || args[i-1] != "-write") {
			more.WriteString(" " + a)
		}
	}
	return fmt.Appendf(nil, pageText, machine, more.String(), strings.Join(tables, "\n"), verdict)
}

// perSecond shows a rate.
func perSecond(v float64) string { return thousands(v) + "/s" }

// thousands shows a number without its fraction: 12,345.
func thousands(v float64) string {
	s := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// millis shows a duration.
func millis(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}

// micros shows a CPU time.
func micros(d time.Duration) string { return d.Round(time.Microsecond).String() }

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
