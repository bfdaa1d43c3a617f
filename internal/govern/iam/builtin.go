package iam

import (
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/interim-access/interim/internal/platform/id"
)

// builtinCSV says which built-in role has which permission: all, own, or - for not at all. Its first column is the list of all
// permissions there are; the guard's test compares it with the contract.
//
//go:embed builtin.csv
var builtinCSV string

// Names of built-in roles that the code asks for.
const (
	SuperAdministrator = "system:owner"
	BasicUser          = "system:user"
)

const builtinPrefix = "system:"

// readOnlyAdministrator may do all that reads with every object, and nothing else with every object.
const readOnlyAdministrator = "system:viewer"

// reads reports whether a permission only reads, by the name of its method. What reads under another name, such as a check or a
// preview, shows in what a Read-Only Administrator may do with every object.
func reads(permission string) bool {
	method := permission[strings.LastIndexByte(permission, '.')+1:]
	return slices.ContainsFunc([]string{"Get", "List", "Search", "Count", "Introspect"}, func(verb string) bool {
		return strings.HasPrefix(method, verb)
	})
}

// builtinTitle says how the built-in roles are shown, and which of them make sense as the scope of a credential only. The names
// are those of the upstream product (c1-api.md, section 2.2).
var builtinTitle = map[string]struct {
	display string
	apiOnly bool
}{
	SuperAdministrator:          {"Super Administrator", false},
	"system:viewer":             {"Read-Only Administrator", false},
	BasicUser:                   {"Basic User", false},
	"system:application-admin":  {"Application Administrator", false},
	"system:system-logs-reader": {"System Log Reader", true},
}

// BuiltinID is the identity of a built-in role, the same in every installation.
func BuiltinID(name string) RoleID { return RoleID(id.Static("role/" + name)) }

type builtins struct {
	permissions  []string          // every permission there is, sorted
	names        []string          // of the roles, in the table's order
	scopes       map[string]Scopes // by role name
	serviceRoles map[string]Scopes // by service role, see serviceRole
	reading      Scopes            // every permission that reads, see reads
}

// table is builtin.csv; it panics on a broken table, which a test would have met first.
var table = sync.OnceValue(func() builtins {
	b, err := parseBuiltins(builtinCSV)
	if err != nil {
		panic(err)
	}
	return b
})

// AllPermissions are all permissions there are, sorted.
func AllPermissions() []string { return slices.Clone(table().permissions) }

func parseBuiltins(text string) (builtins, error) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return builtins{}, fmt.Errorf("builtin.csv: %w", err)
	}
	if len(rows) == 0 || len(rows[0]) < 2 {
		return builtins{}, errors.New("builtin.csv: no roles")
	}
	b := builtins{names: rows[0][1:], scopes: map[string]Scopes{}, reading: Scopes{}}
	for _, name := range b.names {
		if builtinTitle[name].display == "" {
			return builtins{}, fmt.Errorf("builtin.csv: role %q has no title", name)
		}
		b.scopes[name] = Scopes{}
	}
	reach := map[string]Scope{"all": All, "own": Own, "-": None}
	for _, row := range rows[1:] {
		permission := row[0]
		if !strings.HasPrefix(permission, permissionPrefix) || serviceOf(permission) == "" {
			return builtins{}, fmt.Errorf("builtin.csv: %q is no permission", permission)
		}
		for i, cell := range row[1:] {
			s, ok := reach[cell]
			if !ok {
				return builtins{}, fmt.Errorf("builtin.csv: %s: %q is not all, own or -", permission, cell)
			}
			if s > None {
				b.scopes[b.names[i]][permission] = s
			}
		}
		if reads(permission) || b.scopes[readOnlyAdministrator][permission] == All {
			b.reading[permission] = All
		}
		b.permissions = append(b.permissions, permission)
	}
	b.serviceRoles = serviceRoles(b.scopes)
	slices.Sort(b.permissions)
	if n := len(slices.Compact(slices.Clone(b.permissions))); n != len(b.permissions) {
		return builtins{}, errors.New("builtin.csv: a permission stands there twice")
	}
	return b, nil
}

// builtinRoles are the rows of the built-in roles as this release knows them.
func builtinRoles() []Role {
	b := table()
	roles := make([]Role, 0, len(b.names))
	for _, name := range b.names {
		title := builtinTitle[name]
		roles = append(roles, Role{
			ID: BuiltinID(name), Name: name, DisplayName: title.display, Builtin: true, APIOnly: title.apiOnly,
			Permissions: b.scopes[name].Permissions(), ServiceRoles: serviceRolesOf(name),
		})
	}
	return roles
}
