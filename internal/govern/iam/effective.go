package iam

import (
	"slices"
	"strconv"
	"strings"
	"sync"
)

// effective is what a credential reaches: what any of the owner's roles reaches, cut down to what any of the scoped roles reaches.
// scoped says whether there is a scope at all: one whose roles are all gone leaves nothing, not everything.
func effective(owner, scope []Role, scoped bool) Scopes {
	out := union(owner)
	if scoped {
		out = Meet(out, union(scope))
	}
	return out
}

func union(roles []Role) Scopes {
	out := Scopes{}
	for _, r := range roles {
		out = Join(out, r.Scopes())
	}
	return out
}

// scopeMemo shares the effective rights of credentials with the same roles in the same versions.
type scopeMemo struct {
	mu sync.Mutex
	m  map[string]Scopes
}

const maxMemo = 1024

func (m *scopeMemo) effective(owner, scope []Role, scoped bool) Scopes {
	key := memoKey(owner) + "|"
	if scoped {
		key += "|" + memoKey(scope)
	}
	m.mu.Lock()
	s, ok := m.m[key]
	m.mu.Unlock()
	if ok {
		return s
	}
	s = effective(owner, scope, scoped)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.m == nil || len(m.m) >= maxMemo {
		m.m = map[string]Scopes{}
	}
	m.m[key] = s
	return s
}

func memoKey(roles []Role) string {
	parts := make([]string, len(roles))
	for i, r := range roles {
		parts[i] = string(r.ID) + ":" + strconv.FormatInt(r.Version, 10)
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}
