package house

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// chain reads the call order inside govern from docs/architecture.md.
func chain(t *testing.T) []string {
	t.Helper()
	line := regexp.MustCompile("(?m)^`(audit → .*)`$").FindStringSubmatch(read(t, "docs/architecture.md"))
	if line == nil {
		t.Fatal("docs/architecture.md does not give the call order inside govern")
	}
	return strings.Split(line[1], " → ")
}

// folders lists the folders directly below a path.
func folders(t *testing.T, path string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names
}

// A package that the order does not name would be free to call anything.
func TestEveryFeatureHasItsPlaceInTheCallOrder(t *testing.T) {
	order := chain(t)
	for _, feature := range folders(t, "internal/govern") {
		if !slices.Contains(order, feature) {
			t.Errorf("internal/govern/%s is not in the call order of docs/architecture.md", feature)
		}
	}
}

func TestEveryFeatureOpensWithWhatItOwns(t *testing.T) {
	for _, feature := range folders(t, "internal/govern") {
		if page := "internal/govern/" + feature + "/doc.go"; !exists(page) {
			t.Errorf("%s is missing", page)
		}
	}
}

func TestTheLinterEnforcesTheCallOrderThatTheDocumentsGive(t *testing.T) {
	config := read(t, ".golangci.yml")
	order := chain(t)
	for i, name := range order[1:] {
		left := strings.Join(order[:i+1], ",")
		rule := fmt.Sprintf("govern-%s: { files: [\"**/internal/govern/{%s}/**\"], deny: [{ pkg: github.com/interim-access/interim/internal/govern/%s, ",
			name, left, name)
		if !strings.Contains(config, rule) {
			t.Errorf(".golangci.yml has no rule %q", rule)
		}
	}
}

func TestTheHouseIsFurnishedAsTheDocumentsSay(t *testing.T) {
	text := read(t, "docs/architecture.md")
	for _, floor := range []string{"internal", "internal/api", "internal/connect", "internal/platform"} {
		for _, room := range folders(t, floor) {
			if !regexp.MustCompile(`\b` + regexp.QuoteMeta(room) + `/`).MatchString(text) {
				t.Errorf("docs/architecture.md does not mention %s/%s", floor, room)
			}
		}
	}
}
