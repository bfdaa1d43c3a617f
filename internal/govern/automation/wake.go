package automation

import (
	"slices"
	"sync"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/tag"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
)

// topic is told that there is another source.
const topic = "automation"

// graph is what passes what on. Most entitlements are not in it, and a grant of those costs nothing more.
type graph struct {
	sources map[app.EntitlementRef]bool                 // by a binding or a rule
	bound   map[app.EntitlementRef][]app.EntitlementRef // the destinations of bindings
	given   map[app.EntitlementRef]bool                 // what a binding or a rule gives
}

// reach is how many grants one grant of an entitlement brings by way of bindings; above most it only says that it is more.
func (g *graph) reach(of app.EntitlementRef, most int) (n int) {
	for _, to := range g.bound[of] {
		if n++; n > most {
			return n
		}
		n += g.reach(to, most-n)
	}
	return n
}

// known remembers the graph. What it does not know yet the next pass finds.
type known struct {
	mu    sync.Mutex
	graph *graph // nil: to be read
	times int    // how often it was forgotten
}

func (k *known) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.graph = nil
	k.times++
}

const graphSQL = `select true, src_app_id, src_entitlement_id, dst_app_id, dst_entitlement_id from proxy where deleted_at is null
	union all select false, src_app_id, src_entitlement_id, app_id, entitlement_id from automation_ref
	union all select false, '', '', app_id, entitlement_id from automation where deleted_at is null`

func (k *known) read(q db.Q) (*graph, error) {
	k.mu.Lock()
	found, times := k.graph, k.times
	k.mu.Unlock()
	if found != nil {
		return found, nil
	}
	rows, err := q.Query(graphSQL)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	g := &graph{map[app.EntitlementRef]bool{}, map[app.EntitlementRef][]app.EntitlementRef{}, map[app.EntitlementRef]bool{}}
	for rows.Next() {
		var bound bool
		var b Binding
		if err := rows.Scan(&bound, &b.Source.AppID, &b.Source.ID, &b.Destination.AppID, &b.Destination.ID); err != nil {
			return nil, err
		}
		g.given[b.Destination] = true
		if b.Source.ID != "" {
			g.sources[b.Source] = true
		}
		if bound {
			g.bound[b.Source] = append(g.bound[b.Source], b.Destination)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.times == times {
		k.graph = g
	}
	return g, nil
}

// wake has what tx writes looked at, and tells everybody that sources may have changed.
func (s *Service) wake(tx *db.Tx, at time.Time) {
	tx.Notify(topic, "sources")
	due.Wake(tx, at)
}

// GrantsChanged implements grant.Watcher: bindings follow in the same transaction where that is little work, and by their pass, which is
// made soon in any case; so is that of rules.
func (s *Service) GrantsChanged(tx *db.Tx, changed []grant.Step, at time.Time) error {
	g, err := s.known.read(tx)
	if err != nil {
		return err
	}
	var order []app.EntitlementRef
	by := map[app.EntitlementRef][]grant.Step{}
	for _, c := range changed {
		of := app.EntitlementRef{AppID: c.App, ID: c.Entitlement}
		if !g.sources[of] && !g.given[of] {
			continue
		}
		if by[of] == nil {
			order = append(order, of)
		}
		by[of] = append(by[of], c)
	}
	for _, of := range order {
		if err := s.grantsChanged(tx, g, of, by[of], at); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) grantsChanged(tx *db.Tx, g *graph, of app.EntitlementRef, changed []grant.Step, at time.Time) error {
	if g.given[of] && slices.ContainsFunc(changed, removed) {
		if err := s.again(tx, of, at); err != nil {
			return err
		}
	}
	if !g.sources[of] {
		return nil
	}
	if err := s.soon(tx, of, at); err != nil || len(changed)*g.reach(of, atOnce) > atOnce {
		return err
	}
	for _, to := range g.bound[of] {
		for _, c := range changed {
			if err := s.follow(tx, Binding{of, to}, holder{account: c.Account, user: c.User}, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// removed says that a target is done with a grant, so that it can be given again to whoever should hold it.
func removed(c grant.Step) bool { return c.State == grant.Ended && c.Connector != "" }

// soon has the bindings and rules looked at that go by who holds an entitlement.
func (s *Service) soon(tx *db.Tx, of app.EntitlementRef, at time.Time) error {
	return s.look(tx, of, at, `update proxy set due_at = $3 where src_app_id = $1 and src_entitlement_id = $2 and due_at > $3`,
		`update automation set due_at = $3 where due_at > $3 and deleted_at is null and (app_id, entitlement_id) in
			(select r.app_id, r.entitlement_id from automation_ref r where r.src_app_id = $1 and r.src_entitlement_id = $2)`)
}

// again has the bindings and the rule looked at that give an entitlement.
func (s *Service) again(tx *db.Tx, of app.EntitlementRef, at time.Time) error {
	return s.look(tx, of, at, `update proxy set due_at = $3 where dst_app_id = $1 and dst_entitlement_id = $2 and due_at > $3`,
		`update automation set due_at = $3 where due_at > $3 and deleted_at is null and app_id = $1 and entitlement_id = $2`)
}

func (s *Service) look(tx *db.Tx, of app.EntitlementRef, at time.Time, statements ...string) error {
	at = at.Add(settle)
	for _, sql := range statements {
		n, err := tx.Exec(sql, string(of.AppID), string(of.ID), clock.Micros(at))
		if err != nil {
			return err
		}
		if n > 0 {
			due.Wake(tx, at)
		}
	}
	return nil
}

// UserChanged implements directory.Changed: rules with an expression, and those that go by a status, are worked out anew soon.
func (s *Service) UserChanged(tx *db.Tx, _ directory.UserID, at time.Time) error {
	n, err := tx.Exec(`update automation set due_at = $1 where due_at > $1 and deleted_at is null and kind in ('BASIC', 'CEL', 'TRAITS')`,
		clock.Micros(at.Add(settle)))
	if n > 0 {
		due.Wake(tx, at.Add(settle))
	}
	return err
}

// UserCreated implements directory.Created.
func (s *Service) UserCreated(tx *db.Tx, _ audit.Actor, u directory.User) error {
	return s.UserChanged(tx, u.ID, u.CreatedAt)
}

const (
	accountsChangedProxiesSQL = `update proxy set due_at = $2 where (src_app_id = $1 or dst_app_id = $1) and due_at > $2`
	accountsChangedRulesSQL   = `update automation set due_at = $2 where due_at > $2 and deleted_at is null
		and (app_id = $1 or kind in ('BASIC', 'CEL') or exists (select 1 from automation_ref r where r.src_app_id = $1
			and r.app_id = automation.app_id and r.entitlement_id = automation.entitlement_id))`
)

// AccountsChanged implements app.AccountsChanged: who holds something in the app, or can, may be another now, so that the bindings from
// and to it are looked at soon, and the rules that go by it, give in it, or may ask about it.
func (s *Service) AccountsChanged(tx *db.Tx, of app.ID, at time.Time) error {
	at = at.Add(settle)
	for _, sql := range []string{accountsChangedProxiesSQL, accountsChangedRulesSQL} {
		n, err := tx.Exec(sql, string(of), clock.Micros(at))
		if err != nil {
			return err
		}
		if n > 0 {
			due.Wake(tx, at)
		}
	}
	return nil
}

const tagsChangedSQL = `update automation set due_at = $3 where due_at > $3 and deleted_at is null and (app_id, entitlement_id) in
	(select t.app_id, t.entitlement_id from automation_tag t where t.key = $1 and t.value = $2)`

// TagsChanged implements tag.Notice: the rules that go by the tag are worked out anew soon.
func (s *Service) TagsChanged(tx *db.Tx, t tag.Tag, at time.Time) error {
	at = at.Add(settle)
	n, err := tx.Exec(tagsChangedSQL, t.Key, t.Value, clock.Micros(at))
	if n > 0 {
		due.Wake(tx, at)
	}
	return err
}
