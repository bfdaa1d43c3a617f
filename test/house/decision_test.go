package house

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// sections are the headings every decision has, in this order.
var sections = []string{"Status:", "## Context", "## Decision", "## Measured", "## Consequences", "## When to revisit"}

func decisions(t *testing.T) []string {
	t.Helper()
	numbered := regexp.MustCompile(`^docs/adr/\d{4}-[a-z0-9-]+\.md$`)
	found := slices.DeleteFunc(files(t, ".md"), func(file string) bool { return !numbered.MatchString(file) })
	slices.Sort(found)
	return found
}

func TestEveryDecisionIsInTheIndexUnderItsTitle(t *testing.T) {
	index := read(t, "docs/adr/README.md")
	for i, file := range decisions(t) {
		number, _, _ := strings.Cut(path.Base(file), "-")
		if want := fmt.Sprintf("%04d", i+1); number != want {
			t.Errorf("%s: the next number is %s", file, want)
		}
		heading, _, _ := strings.Cut(read(t, file), "\n")
		title := strings.TrimPrefix(heading, "# "+number+" ")
		if row := fmt.Sprintf("| [%s](%s) | %s |", number, path.Base(file), title); !strings.Contains(index, row) {
			t.Errorf("docs/adr/README.md has no row that starts with %q", row)
		}
	}
}

func TestEveryDecisionSaysWhatWasMeasuredAndWhenToLookAgain(t *testing.T) {
	for _, file := range decisions(t) {
		rest := read(t, file)
		for _, section := range sections {
			_, after, found := strings.Cut(rest, "\n"+section)
			if !found {
				t.Errorf("%s: %q is missing or out of order", file, section)
				break
			}
			rest = after
		}
	}
}

func TestEveryDependencyHasADecision(t *testing.T) {
	_, table, found := strings.Cut(read(t, "docs/architecture.md"), "\n## Dependencies\n")
	if !found {
		t.Fatal("docs/architecture.md has no section on dependencies")
	}
	table, _, _ = strings.Cut(table, "\n## ")
	rows := 0
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| for |") {
			continue
		}
		rows++
		if !strings.Contains(line, "](adr/") {
			t.Errorf("no decision is linked from the row %q", strings.TrimSpace(line))
		}
	}
	if rows == 0 {
		t.Error("the table of dependencies has no row")
	}
}

func TestLinksBetweenDocumentsLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:\s]+)(?:#[^)]*)?\)`)
	for _, file := range files(t, ".md") {
		for _, match := range link.FindAllStringSubmatch(read(t, file), -1) {
			if target := path.Join(path.Dir(file), match[1]); !exists(target) {
				t.Errorf("%s links to %s, which does not exist", file, target)
			}
		}
	}
}
