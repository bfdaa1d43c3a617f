package compat

import (
	"encoding/csv"
	"os"
	"regexp"
	"slices"
	"testing"

	interimauthv1 "github.com/interim-access/interim/gen/interim/auth/v1"
	"github.com/interim-access/interim/internal/api/guard"
	"github.com/interim-access/interim/internal/api/opal"
)

// builtinFile says which built-in role has which permission, and how far it reaches.
const builtinFile = "../../internal/govern/iam/builtin.csv"

func TestTheBuiltInRolesNameExactlyTheDeclaredPermissions(t *testing.T) {
	declared := map[string]bool{}
	for _, m := range methods(t, "c1.", "interim.") {
		if rule := ruleOf(m); rule.GetAccess() == interimauthv1.Access_PERMISSION {
			declared[rule.GetPermission()] = true
		}
	}
	door, err := opal.New(&opal.Deps{}, "test")
	if err != nil {
		t.Fatal(err)
	}
	rules := guard.Rules{}
	door.Rules(rules)
	for _, rule := range rules {
		if rule.Access == guard.Permission {
			declared[rule.Permission] = true
		}
	}
	_, rows := builtin(t)
	var names []string
	for _, row := range rows {
		names = append(names, row[0])
		if !declared[row[0]] {
			t.Errorf("%s: no operation asks for %s", builtinFile, row[0])
		}
		delete(declared, row[0])
	}
	for permission := range declared {
		t.Errorf("%s does not say who has %s", builtinFile, permission)
	}
	if !slices.IsSorted(names) || len(slices.Compact(names)) != len(rows) {
		t.Errorf("%s is not sorted, or names a permission twice", builtinFile)
	}
}

func TestTheBuiltInRolesReachNoFurtherThanTheirNamesSay(t *testing.T) {
	writes := regexp.MustCompile(`\.(Create|Update|Delete|Add|Remove|Set|Disable|Enable|Revoke|Sync|Check)\w*$`)
	readers := regexp.MustCompile(`^system:(viewer|user|system-logs-reader)$`)
	notWrites := []string{"permission/interim.v1.Access.Check"}
	header, rows := builtin(t)
	for _, row := range rows {
		for i, scope := range row[1:] {
			role := header[i+1]
			switch {
			case !slices.Contains([]string{"all", "own", "-"}, scope):
				t.Errorf("%s: %s of %s is %q", builtinFile, row[0], role, scope)
			case role == "system:owner" && scope != "all":
				t.Errorf("%s: the Super Administrator lacks %s", builtinFile, row[0])
			case readers.MatchString(role) && scope == "all" && writes.MatchString(row[0]) && !slices.Contains(notWrites, row[0]):
				t.Errorf("%s: %s may change everybody's with %s", builtinFile, role, row[0])
			}
		}
	}
}

// builtin reads the table: its header and its rows.
func builtin(t *testing.T) (header []string, rows [][]string) {
	t.Helper()
	file, err := os.Open(builtinFile)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	table, err := csv.NewReader(file).ReadAll()
	if err != nil || len(table) < 2 {
		t.Fatalf("%s: %d rows, %v", builtinFile, len(table), err)
	}
	return table[0], table[1:]
}
