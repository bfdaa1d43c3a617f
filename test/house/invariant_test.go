package house

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Each invariant of docs/domain.md has a line in docs/testing.md that names tests which there are.
func TestEveryInvariantNamesItsTests(t *testing.T) {
	var tests strings.Builder
	for _, path := range files(t, "_test.go") {
		tests.WriteString(read(t, path))
	}
	rows := map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| (\d+) .*$`).FindAllStringSubmatch(read(t, "docs/testing.md"), -1) {
		rows[row[1]] = row[0]
	}
	_, section, _ := strings.Cut(read(t, "docs/domain.md"), "## Invariants")
	section, _, _ = strings.Cut(section, "\n## ")
	for i := range len(regexp.MustCompile(`(?m)^\d+\. `).FindAllString(section, -1)) {
		named := regexp.MustCompile("`(Test[A-Za-z]+)`").FindAllStringSubmatch(rows[strconv.Itoa(i+1)], -1)
		if len(named) == 0 {
			t.Errorf("invariant %d names no test in docs/testing.md", i+1)
		}
		for _, name := range named {
			if !strings.Contains(tests.String(), "func "+name[1]+"(") {
				t.Errorf("invariant %d names %s, which is no test", i+1, name[1])
			}
		}
	}
}
