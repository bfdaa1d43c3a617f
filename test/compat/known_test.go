package compat

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// knownFile lists every operation upstream has; the gateway answers 501 for those that are not served.
const knownFile = "../../internal/api/c1/known.txt"

func TestTheKnownOperationsHoldAllWeDeclare(t *testing.T) {
	known := map[string]string{} // name → route
	lines := knownLines(t)
	for _, line := range lines {
		words := strings.Fields(line)
		if len(words) != 3 {
			t.Fatalf("%s: want VERB PATH NAME, got %q", knownFile, line)
		}
		known[words[2]] = words[0] + " " + shapeOf(words[1])
	}
	if len(known) != len(lines) {
		t.Errorf("%s has %d lines for %d operations", knownFile, len(lines), len(known))
	}
	for _, m := range methods(t, "c1.") {
		verb, path, _ := route(m)
		if want, got := known[string(m.FullName())], verb+" "+shapeOf(path); want != got {
			t.Errorf("%s: known.txt has %q, the proto has %q", m.FullName(), want, got)
		}
	}
}

func TestContractAndKnownOperationsAreTheSame(t *testing.T) {
	c, ok := loadRecord(t)
	if !ok {
		return
	}
	slices.SortFunc(c.Ops, func(a, b *contractOp) int { return strings.Compare(a.Path+" "+a.Verb, b.Path+" "+b.Verb) })
	want := make([]string, 0, len(c.Ops))
	for _, op := range c.Ops {
		want = append(want, fmt.Sprintf("%s %s %s", op.Verb, op.Path, op.Name))
	}
	for i, got := range knownLines(t) {
		if i >= len(want) || got != want[i] {
			t.Fatalf("%s, line %d: %q is not what the contract has there", knownFile, i+1, got)
		}
	}
	if got := len(knownLines(t)); got != len(want) {
		t.Errorf("%s has %d operations, the contract has %d", knownFile, got, len(want))
	}
}

func knownLines(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile(knownFile)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(raw)), "\n")
}
