package sync_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	gosync "sync"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/govern/sync"
	"github.com/interim-access/interim/internal/platform/fault"
)

// site is a target system: people, roles, and who has which. It is as real as a target can be without a wire.
type site struct {
	mu     gosync.Mutex
	people map[string]string // external id → name
	roles  map[string]string
	holds  map[sync.Membership]bool

	down  error
	blank bool                   // it answers, with nothing
	also  func(s *sync.Snapshot) // changes what it answers
	hold  chan struct{}          // a reading waits for it, having taken its snapshot
	read  chan struct{}          // gets a token when a reading waits
}

func newSite() *site {
	return &site{people: map[string]string{}, roles: map[string]string{}, holds: map[sync.Membership]bool{}, read: make(chan struct{}, 100)}
}

// grow gives the site so many people and roles, named p1 … and r1 …, each with an external id of the same name.
func (s *site) grow(people, roles int) *site {
	s.do(func() {
		for i := range people {
			s.people[fmt.Sprint("p", i+1)] = fmt.Sprint("Person ", i+1)
		}
		for i := range roles {
			s.roles[fmt.Sprint("r", i+1)] = fmt.Sprint("Role ", i+1)
		}
	})
	return s
}

func (s *site) do(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn()
}

// give and take change a membership behind Interim's back.
func (s *site) give(person, role string) {
	s.do(func() { s.holds[sync.Membership{AccountID: person, EntitlementID: role}] = true })
}

func (s *site) take(person, role string) {
	s.do(func() { delete(s.holds, sync.Membership{AccountID: person, EntitlementID: role}) })
}

// drop removes a person or a role with what they hold or give.
func (s *site) drop(what string) {
	s.do(func() {
		delete(s.people, what)
		delete(s.roles, what)
		maps.DeleteFunc(s.holds, func(m sync.Membership, _ bool) bool { return m.AccountID == what || m.EntitlementID == what })
	})
}

// Read implements sync.Source.
func (s *site) Read(ctx context.Context) (sync.Snapshot, error) {
	var snapshot sync.Snapshot
	var hold chan struct{}
	var err error
	s.do(func() { snapshot, hold, err = s.snapshot(), s.hold, s.down })
	if hold != nil {
		s.read <- struct{}{}
		select {
		case <-hold:
		case <-ctx.Done():
			return sync.Snapshot{}, ctx.Err()
		}
	}
	if err != nil {
		return sync.Snapshot{}, err
	}
	return snapshot, nil
}

func (s *site) snapshot() sync.Snapshot {
	if s.blank {
		return sync.Snapshot{}
	}
	out := sync.Snapshot{ResourceTypes: []sync.ResourceType{{ExternalID: "role", Kind: "ROLE", Name: "Role"}}}
	for _, p := range slices.Sorted(maps.Keys(s.people)) {
		out.Accounts = append(out.Accounts, sync.Account{ExternalID: p, Name: s.people[p], Username: p})
	}
	for _, r := range slices.Sorted(maps.Keys(s.roles)) {
		out.Resources = append(out.Resources, sync.Resource{ExternalID: r, TypeID: "role", Name: s.roles[r]})
		out.Entitlements = append(out.Entitlements, sync.Entitlement{ExternalID: r, ResourceID: r, Name: s.roles[r] + " member", Slug: "member"})
	}
	out.Memberships = s.memberships()
	if s.also != nil {
		s.also(&out)
	}
	return out
}

func (s *site) memberships() []sync.Membership {
	return slices.SortedFunc(maps.Keys(s.holds), func(a, b sync.Membership) int {
		return cmp.Or(cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(a.EntitlementID, b.EntitlementID))
	})
}

// Grant implements provision.Target.
func (s *site) Grant(_ context.Context, c provision.Change) (string, error) {
	return "", s.change(c, true)
}

// Revoke implements provision.Target.
func (s *site) Revoke(_ context.Context, c provision.Change) (string, error) {
	return "", s.change(c, false)
}

func (s *site) change(c provision.Change, wanted bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := sync.Membership{AccountID: c.Account.ExternalID, EntitlementID: c.Entitlement.ExternalID}
	_, person := s.people[m.AccountID]
	_, role := s.roles[m.EntitlementID]
	switch {
	case s.down != nil:
		return s.down
	case !wanted:
		delete(s.holds, m)
	case !person || !role:
		return provision.Permanent(fault.New(fault.Unavailable, "no such person or role"))
	default:
		s.holds[m] = true
	}
	return nil
}

// sites are the targets of connectors, by their secret.
type sites struct {
	secret func(app.Connector) (string, error)
	mu     gosync.Mutex
	of     map[string]*site
}

func (s *sites) find(c app.Connector) (*site, error) {
	secret, err := s.secret(c)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if one := s.of[secret]; one != nil {
		return one, nil
	}
	return nil, fault.New(fault.Unavailable, "there is no such site")
}

// Source implements sync.Sources.
func (s *sites) Source(_ context.Context, c app.Connector) (sync.Source, error) { return s.find(c) }

// Target implements provision.Targets.
func (s *sites) Target(_ context.Context, c app.Connector) (provision.Target, error) {
	return s.find(c)
}

// Check implements sync.Sources.
func (s *sites) Check(_ context.Context, c app.Connector) (ok bool, said string, err error) {
	one, err := s.find(c)
	if err != nil {
		return false, "", err
	}
	if one.down != nil {
		return false, "", one.down
	}
	return !one.blank, "a site", nil
}

// Validate implements sync.Sources.
func (s *sites) Validate(kind, secret string) error {
	if kind != "site" {
		return fault.InvalidField("kind", "must be site")
	}
	if secret == "" {
		return fault.InvalidField("connectionString", "is required")
	}
	return nil
}
