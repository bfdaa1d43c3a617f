package grant

import (
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
)

// Reading is one reading of one target. What changed here after it started is newer than what it says.
type Reading struct {
	App       app.ID
	Connector app.ConnectorID
	Started   time.Time // before the target was asked anything
}

// Membership is what a target says: the account holds the entitlement.
type Membership struct {
	Account     app.AccountID
	Entitlement app.EntitlementID
}

// The order of a sync: Seen for all memberships, then Lost to judge whether the reading can be believed, then Discover for what
// Seen did not know, and Missing until nothing is left. Each joins the caller's transaction and takes at most 500 memberships.

// Seen notes that the target holds the memberships, and returns those that no grant explains: they are for [Service.Discover]. What
// Interim keeps in the target explains itself: it gets no direct source. A grant that is being removed stays so. It moves no grant and
// is no change for the audit.
func (s *Service) Seen(tx *db.Tx, r Reading, list []Membership) (unknown []Membership, err error) {
	held, err := holding(tx, r, list)
	if err != nil {
		return nil, err
	}
	var seen []ID
	for _, m := range list {
		g, there := held[m]
		if there {
			seen = append(seen, g.id)
		}
		if !there || g.nobodys() {
			unknown = append(unknown, m)
		}
	}
	if len(seen) > 0 {
		tx.Queue(`update grants set seen_at = $1, put_back = 0 where `+notEnded+` and id in `+db.In(len(seen), 2), bind(seen, us(r.Started))...)
	}
	return unknown, nil
}

// brief is what a reading wants to know of a grant.
type brief struct {
	id     ID
	state  State
	direct Origin
	kept   int
}

// nobodys says that the membership in the target is neither given nor kept: other entitlements only pass the grant on.
func (b brief) nobodys() bool { return b.state == Active && b.direct == None && b.kept == 0 }

// notEnded says that a grant is not ended in words that fit none of the indexes made for that. As long as PostgreSQL has no statistics,
// as after a first sync, it would take one of those and compare every grant in it with every value of a list.
const notEnded = `coalesce(ended_at, 0) = 0`

// holdingSQL asks for more than the memberships, which are pairs: for all that the accounts hold.
func holdingSQL(n int) string {
	return `select id, app_id, entitlement_id, account_id, state, direct, kept from grants
		where ` + notEnded + ` and account_id in ` + db.In(n, 1)
}

// holding returns the grants of the memberships that have one.
func holding(tx *db.Tx, r Reading, list []Membership) (map[Membership]brief, error) {
	held := make(map[Membership]brief, len(list))
	if len(list) == 0 {
		return held, nil
	}
	var accounts []any
	for _, m := range list {
		if len(accounts) == 0 || accounts[len(accounts)-1] != m.Account {
			accounts = append(accounts, m.Account)
		}
	}
	asked := make(map[Membership]bool, len(list))
	for _, m := range list {
		asked[m] = true
	}
	rows, err := tx.Query(holdingSQL(len(accounts)), accounts...)
	if err != nil {
		return nil, err
	}
	return held, each(rows, func() error {
		var in app.ID
		var m Membership
		var g brief
		err := rows.Scan(&g.id, &in, &m.Entitlement, &m.Account, &g.state, &g.direct, &g.kept)
		if in == r.App && asked[m] {
			held[m] = g
		}
		return err
	})
}

// Discover makes what the target holds known here: a new grant where there is none, a direct source where other entitlements only
// pass it on. What was removed after the reading started is not found again, and what is being changed right now is left alone. It
// returns how many grants it found.
func (s *Service) Discover(tx *db.Tx, r Reading, list []Membership) (int, error) {
	if len(list) == 0 {
		return 0, nil
	}
	recent, err := s.removedSince(tx, r, list)
	if err != nil {
		return 0, err
	}
	now := s.Clock.Now()
	var tried []ID
	for _, m := range list {
		if recent[m] {
			continue
		}
		g := Grant{
			ID: ID(id.New(now)), Key: Key{r.App, m.Entitlement, m.Account}, Connector: r.Connector,
			Discovered: true, UpdatedAt: now, Version: 1,
		}.Found(now, r.Started)
		tx.Queue(insertSQL, insertArgs(g)...)
		tried = append(tried, g.ID)
	}
	found, err := s.discovered(tx, r, "grant.discovered", tried)
	if err != nil || found == len(list) {
		return found, err
	}
	direct, err := s.discoverDirect(tx, r, list, now)
	return found + direct, err
}

// discovered tells the audit of what a sync found, and how many of the grants there are.
func (s *Service) discovered(tx *db.Tx, r Reading, kind string, list []ID) (int, error) {
	grants, err := load(tx, list)
	if err != nil {
		return 0, err
	}
	steps := make([]Step, len(grants))
	for i, h := range grants {
		if err := s.Audit.Record(tx, audit.Sync(string(r.Connector)), event(h.Grant, kind, h.User)); err != nil {
			return 0, err
		}
		steps[i] = Step{h.Grant, kind, h.User}
	}
	return len(grants), s.watched(tx, s.Clock.Now(), steps...)
}

// discoverDirect gives a direct source to grants that have none and about which nobody is at work.
func (s *Service) discoverDirect(tx *db.Tx, r Reading, list []Membership, now time.Time) (int, error) {
	held, err := holding(tx, r, list)
	if err != nil {
		return 0, err
	}
	var indirect []ID
	for _, m := range list {
		if g, there := held[m]; there && g.nobodys() {
			indirect = append(indirect, g.id)
		}
	}
	if len(indirect) == 0 {
		return 0, nil
	}
	found, err := db.Collect(tx, scanID, `update grants set direct = 'sync', seen_at = $1, updated_at = $2, version = version + 1
		where `+notEnded+` and state = 'active' and direct = '' and kept = 0 and updated_at < $1
			and not exists (select 1 from operation o where o.grant_id = grants.id and o.state = 'open')
			and id in `+db.In(len(indirect), 3)+` returning id`, bind(indirect, us(r.Started), us(now))...)
	if err != nil {
		return 0, err
	}
	return s.discovered(tx, r, "grant.direct_discovered", found)
}

func scanID(r *db.Rows) (i ID, err error) { return i, r.Scan(&i) }

// removedSince returns those memberships that went after the reading started: it may have seen them just before.
func (s *Service) removedSince(tx *db.Tx, r Reading, list []Membership) (map[Membership]bool, error) {
	args := []any{r.App, us(r.Started)}
	for _, m := range list {
		args = append(args, m.Account)
	}
	rows, err := tx.Query(`select entitlement_id, account_id from grants
		where app_id = $1 and ended_at >= $2 and account_id in `+db.In(len(list), 3), args...)
	if err != nil {
		return nil, err
	}
	removed := map[Membership]bool{}
	err = each(rows, func() error {
		var m Membership
		err := rows.Scan(&m.Entitlement, &m.Account)
		removed[m] = true
		return err
	})
	return removed, err
}

// unseen are the grants g of a connector that the reading should have seen and did not: $1 connector, $2 its start, $3 now. What is
// newer than the reading, or being changed, or past its end, is not held against it.
const unseen = ` from grants g where g.connector_id = $1 and g.connector_id is not null and g.ended_at is null
	and g.state = 'active' and (g.direct <> '' or g.kept > 0) and (g.seen_at is null or g.seen_at < $2)
	and g.created_at < $2 and g.active_at < $2
	and (g.deprovision_at is null or g.deprovision_at > $3)
	and not exists (select 1 from operation o where o.grant_id = g.id and o.state = 'open')`

const missingSQL = `select g.id` + unseen + ` and g.id > $4 order by g.id limit $5`

// Lost counts what a reading says of the grants that it should know: how many it should have seen, and how many it did not see.
// After [Service.Seen] of all its memberships.
func (s *Service) Lost(q db.Q, r Reading) (known, lost int, err error) {
	err = q.Row(`select count(*) from grants where connector_id = $1 and connector_id is not null and ended_at is null
		and state = 'active' and (direct <> '' or kept > 0) and created_at < $2`, r.Connector, us(r.Started)).Scan(&known)
	if err != nil {
		return 0, 0, err
	}
	err = q.Row(`select count(*)`+unseen, r.Connector, us(r.Started), us(s.Clock.Now())).Scan(&lost)
	return known, lost, err
}

// Missing ends grants that the target no longer holds, or has them put back where they are kept, at most 500, after the given one in
// the order of their identities ("" at first). It returns how many lost a source by it and where to go on, "" when there are no more.
func (s *Service) Missing(tx *db.Tx, r Reading, after ID) (ended int, next ID, err error) {
	now := s.Clock.Now()
	list, err := db.Collect(tx, scanID, missingSQL+locking(tx, ""), r.Connector, us(r.Started), us(now), after, atOnce)
	if err != nil {
		return 0, "", err
	}
	grants, err := load(tx, list)
	if err != nil {
		return 0, "", err
	}
	gone, err := s.move(tx, audit.Sync(string(r.Connector)), grants, func(g Grant) (Grant, Effect) { return g.Missing(now) }, now)
	if len(list) == atOnce {
		next = list[len(list)-1]
	}
	for _, h := range gone {
		if h.Kept == 0 {
			ended++
		}
	}
	return ended, next, err
}
