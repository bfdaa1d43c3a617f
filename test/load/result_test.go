package main

import (
	"strings"
	"testing"
	"time"
)

func TestATableIsMarkdownThatNamesWhatWasMissed(t *testing.T) {
	r := report{
		against("access check", sample{rate: 12345.6, p99: 1500 * time.Microsecond}, "bare", sample{rate: 20000}),
		{name: "later start", figure: "400 ms", target: "≤ 300 ms"},
		{name: "ceiling", figure: "90,000/s"},
	}
	lines := strings.Split(r.table("SQLite"), "\n")
	if lines[0] != "| SQLite       | measured                          | baseline      | ratio | target       | ok  |" {
		t.Error(lines[0])
	}
	if lines[2] != "| access check | 12,346/s, p99 1.5 ms, 0s CPU each | bare 20,000/s | 0.62  | ≥ 0.4 × bare | yes |" {
		t.Error(lines[2])
	}
	if got := r.verdict(); got != "Missed targets:\n  later start: 400 ms, target ≤ 300 ms" {
		t.Error(got)
	}
}

func TestTheMedianIsTheMiddle(t *testing.T) {
	self := func(n int) int { return n }
	for _, c := range []struct {
		of   []int
		want int
	}{{[]int{7}, 7}, {[]int{9, 1}, 1}, {[]int{5, 1, 9}, 5}, {[]int{4, 1, 3, 2}, 2}} {
		if got := median(c.of, self); got != c.want {
			t.Errorf("median of %v is %d, want %d", c.of, got, c.want)
		}
	}
}

func TestNumbersAreShownForPeople(t *testing.T) {
	for got, want := range map[string]string{
		thousands(7): "7", thousands(999.6): "1,000", thousands(1234567): "1,234,567",
		millis(1234 * time.Microsecond): "1.2 ms", millis(123 * time.Millisecond): "123 ms", mebibytes(3 << 19): "1.5 MiB",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestRefusedRequestsAreNoRate(t *testing.T) {
	if s, err := outcome([]byte(`noise result {"requests":300,"micros":2000000,"refused":0,"failed":0,"p50":900,"p99":4000}`)); err != nil ||
		s.rate != 150 || s.p99 != 4*time.Millisecond {
		t.Error(s, err)
	}
	for _, said := range []string{
		`result {"requests":300,"micros":2000000,"refused":1,"failed":0}`,
		`result {"requests":300,"micros":2000000,"refused":0,"failed":1}`,
		`result {"requests":0,"micros":2000000,"refused":0,"failed":0}`,
		`unable to connect`,
	} {
		if s, err := outcome([]byte(said)); err == nil {
			t.Errorf("%s was taken for %v", said, s)
		}
	}
}

func TestThePageSaysHowItWasMade(t *testing.T) {
	got := string(page("a machine", []string{"-rounds=2", "-write", "page.md", "-quick"}, []string{"| one |", "| two |"}, "All is well."))
	for _, want := range []string{"```\na machine\n```", "docs/benchmarks.md -rounds=2 -quick\n", "| one |\n| two |\nAll is well.\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "%!") {
		t.Error(got)
	}
}
