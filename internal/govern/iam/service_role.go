package iam

import (
	"slices"
	"strings"
)

// serviceRole names what the built-in role system:<name> may do on one proto service, in the form upstream shows in introspection
// ("role/<proto service>:<name>", c1-api.md section 2.2).
func serviceRole(service, builtin string) string {
	return "role/" + service + ":" + strings.TrimPrefix(builtin, builtinPrefix)
}

// serviceRoles cuts the built-in roles into service roles.
func serviceRoles(builtins map[string]Scopes) map[string]Scopes {
	out := map[string]Scopes{}
	for name, scopes := range builtins {
		for p, reach := range scopes {
			key := serviceRole(serviceOf(p), name)
			if out[key] == nil {
				out[key] = Scopes{}
			}
			out[key][p] = reach
		}
	}
	return out
}

// serviceRolesOf are the service roles that make up a built-in role, sorted.
func serviceRolesOf(builtin string) []string {
	var out []string
	for p := range table().scopes[builtin] {
		out = append(out, serviceRole(serviceOf(p), builtin))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ServiceRoles are the service roles whose every permission s covers, sorted: what introspection shows as roles. Taken from the
// effective rights, they can never tell of more than those allow.
func ServiceRoles(s Scopes) []string {
	var out []string
	for name, scopes := range table().serviceRoles {
		if s.Covers(scopes) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
