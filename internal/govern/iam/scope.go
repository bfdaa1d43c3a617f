package iam

import (
	"maps"
	"slices"
	"strings"
)

// Scope says how far a permission reaches.
type Scope int

// The scopes, each reaching more than the one before.
const (
	None Scope = iota // nothing
	Own               // objects about the caller, see [Require]
	All               // every object
)

// Scopes are permissions and how far each reaches. Values are shared between requests: never write to one that was handed out.
type Scopes map[string]Scope

// Join returns what a or b reaches.
func Join(a, b Scopes) Scopes {
	out := maps.Clone(a)
	if out == nil {
		out = Scopes{}
	}
	for p, s := range b {
		out[p] = max(out[p], s)
	}
	return out
}

// Meet returns what both a and b reach.
func Meet(a, b Scopes) Scopes {
	out := Scopes{}
	for p, s := range a {
		if s = min(s, b[p]); s > None {
			out[p] = s
		}
	}
	return out
}

// Covers reports whether s reaches at least as far as o in every permission.
func (s Scopes) Covers(o Scopes) bool {
	for p, reach := range o {
		if s[p] < reach {
			return false
		}
	}
	return true
}

// Permissions are those that reach anything, sorted.
func (s Scopes) Permissions() []string {
	return slices.Sorted(func(yield func(string) bool) {
		for p, reach := range s {
			if reach > None && !yield(p) {
				return
			}
		}
	})
}

const permissionPrefix = "permission/"

// serviceOf is the proto service of a permission: "c1.api.app.v1.Apps" of "permission/c1.api.app.v1.Apps.List".
func serviceOf(permission string) string {
	method := strings.TrimPrefix(permission, permissionPrefix)
	return method[:max(strings.LastIndexByte(method, '.'), 0)]
}
