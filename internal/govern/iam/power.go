package iam

import (
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/interim-access/interim/internal/platform/fault"
)

// Limits of the powers that one resource gives.
const (
	MaxPowers  = 133 // one for each act and sort
	MaxObjects = 500 // that all of them name together
)

// Act is what a [Power] lets do.
type Act string

// The acts. What has no line in power.csv is kept for who wrote it and lets nobody do anything.
const (
	ActRead         Act = "read"
	ActReadHolders  Act = "read-holders"
	ActReadSettings Act = "read-settings"
	ActMake         Act = "make"
	ActDelete       Act = "delete"
	ActChange       Act = "change"
	ActConfigure    Act = "configure" // how it is asked for
	ActTag          Act = "tag"
	ActAssign       Act = "assign" // who has it
	ActRequestFor   Act = "request-for"
	ActStream       Act = "stream" // where events are sent
	ActImport       Act = "import"
	ActExport       Act = "export"
	ActSync         Act = "sync"
	ActChangeSync   Act = "change-sync"
	ActResetProof   Act = "reset-proof"
	ActNameReviewer Act = "name-reviewer"
	ActRemind       Act = "remind"
	ActStop         Act = "stop"
)

// Sort is what kind of object a [Power] is over.
type Sort string

// The sorts.
const (
	SortResource Sort = "resource" // what is no group
	SortGroup    Sort = "group"
	SortApp      Sort = "app"
	SortCatalog  Sort = "catalog"
	SortUser     Sort = "user"
	SortOwnerSet Sort = "owner"
	SortReview   Sort = "review"
)

// Sorts are all of them.
var Sorts = []Sort{SortResource, SortGroup, SortApp, SortCatalog, SortUser, SortOwnerSet, SortReview}

// Power is a right to do one thing to some objects of a sort, or to all of them. Resources give powers: whoever has access to such a
// resource at a moment has its powers at that moment, beside those of their roles.
type Power struct {
	Act     Act      `json:"act"`
	On      Sort     `json:"on"`
	All     bool     `json:"all,omitempty"`     // of the sort; else Objects
	Objects []string `json:"objects,omitempty"` // identities, each once
}

// covers reports whether the power is over one of these.
func (p Power) covers(in []Target) bool {
	return slices.ContainsFunc(in, func(t Target) bool {
		return t.Sort == p.On && (p.All || slices.Contains(p.Objects, t.ID))
	})
}

// CheckPowers answers Invalid for powers that break a limit, in one field of that name.
func CheckPowers(field string, list []Power) error {
	type pair struct {
		act Act
		on  Sort
	}
	seen, objects := map[pair]bool{}, 0
	if len(list) > MaxPowers {
		return fault.InvalidField(field, "has %d members; at most %d are allowed", len(list), MaxPowers)
	}
	for _, p := range list {
		switch objects += len(p.Objects); {
		case seen[pair{p.Act, p.On}]:
			return fault.InvalidField(field, "says the same twice of one kind of target")
		case objects > MaxObjects:
			return fault.InvalidField(field, "name more than %d targets together", MaxObjects)
		case len(slices.Compact(slices.Sorted(slices.Values(p.Objects)))) < len(p.Objects):
			return fault.InvalidField(field, "name a target twice")
		}
		seen[pair{p.Act, p.On}] = true
	}
	return nil
}

// powerCSV says what each act on a sort of objects is: permissions, one to a line. A star stands for every sort.
//
//go:embed power.csv
var powerCSV string

// powers are the acts by which a permission can be had on objects of a sort.
type powers map[string]map[Sort][]Act

var powerTable = sync.OnceValue(func() powers {
	p, err := parsePowers(powerCSV)
	if err != nil {
		panic(err)
	}
	return p
})

func parsePowers(text string) (powers, error) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("power.csv: %w", err)
	}
	if len(rows) == 0 || len(rows[0]) != 3 {
		return nil, errors.New("power.csv: three columns")
	}
	out := powers{}
	for _, row := range rows[1:] {
		permission := permissionPrefix + row[2]
		if _, known := slices.BinarySearch(table().permissions, permission); !known {
			return nil, fmt.Errorf("power.csv: %s is no permission", permission)
		}
		on := []Sort{Sort(row[1])}
		if row[1] == "*" {
			on = Sorts
		}
		if out[permission] == nil {
			out[permission] = map[Sort][]Act{}
		}
		for _, s := range on {
			if !slices.Contains(Sorts, s) {
				return nil, fmt.Errorf("power.csv: %q is no sort", s)
			}
			out[permission][s] = append(out[permission][s], Act(row[0]))
		}
	}
	return out, nil
}

// of are those of list by which the permission can be had.
func (t powers) of(permission string, list []Power) []Power {
	acts := t[permission]
	if acts == nil {
		return nil
	}
	var out []Power
	for _, p := range list {
		if slices.Contains(acts[p.On], p.Act) {
			out = append(out, p)
		}
	}
	return out
}

// permissions are what the powers let do, as if with every object: what somebody must reach who hands them out.
func (t powers) permissions(list []Power) Scopes {
	out := Scopes{}
	for permission := range t {
		if len(t.of(permission, list)) > 0 {
			out[permission] = All
		}
	}
	return out
}

// PowersOver are the acts and sorts by which a permission can be had, for the table in the documentation.
func PowersOver(permission string) map[Sort][]Act { return powerTable()[permission] }
