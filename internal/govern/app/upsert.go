package app

import (
	"fmt"
	"strconv"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
)

// The upserts join the transaction of whoever reads a connector's target. Each takes at most [MaxBatch] objects of one live
// connector, writes those that are new or differ, and returns the identity of each by its external id. One audit event tells of all
// that a call wrote. What had been deleted and is seen again becomes a new object: nothing that ended is revived.

// UpsertAccounts writes the accounts that the connector c reads. An account takes over one that people made under the same user
// name, and is given whom [Service.Identify] noted, else the one live user with its e-mail address, unless a person said whose it is.
func (s *Service) UpsertAccounts(tx *db.Tx, c ConnectorRef, seen []SeenAccount) (map[string]AccountID, Upserted, error) {
	u := s.upsert(tx, c, "account", len(seen))
	known, err := knownAccounts(tx, c, seen)
	if err != nil {
		return nil, Upserted{}, err
	}
	users, err := usersByEmail(tx, seen)
	if err != nil {
		return nil, Upserted{}, err
	}
	versions, err := liveVersions(tx, seen, known)
	if err != nil {
		return nil, Upserted{}, err
	}
	ids, changed, doubtful := make(map[string]AccountID, len(seen)), false, doubts{}
	for _, v := range seen {
		if _, twice := ids[v.ExternalID]; twice || u.err != nil {
			continue
		}
		before := known.find(v)
		after := v.onto(before)
		after.AppID, after.ConnectorID = c.AppID, c.ID
		if !after.Chosen {
			after.UserID, after.Doubt, after.Matched = v.whose(before, users, versions)
		}
		if before.ID == "" {
			after.ID, after.CreatedAt = AccountID(u.newID()), u.now
		}
		ids[v.ExternalID] = after.ID
		after.UpdatedAt = u.now
		u.write(string(after.ID), before.ID == "", before.ConnectorID != c.ID, before, after,
			func() error { return insertAccount(tx, after) }, func() error { return updateAccount(tx, after) })
		if u.err == nil {
			handOver(tx, before.UserID, after, u.now)
			changed = changed || stands(before, after)
			doubtful.note(before, after)
		}
	}
	if changed && u.err == nil {
		u.err = s.accountsChanged(tx, c.AppID, u.now)
	}
	if u.err == nil {
		u.err = doubtful.record(tx, s, c, u.now)
	}
	return ids, u.Upserted, u.done()
}

// UpsertResourceTypes writes the resource types that the connector c reads. Where the app already has a live type of a kind that
// occurs once, that one serves this connector too and is left as it is.
func (s *Service) UpsertResourceTypes(tx *db.Tx, c ConnectorRef, seen []SeenResourceType) (map[string]ResourceTypeID, Upserted, error) {
	if err := lockApp(tx, c.AppID); err != nil { // against a person who makes a type of the same kind
		return nil, Upserted{}, err
	}
	u := s.upsert(tx, c, "resource_type", len(seen))
	live, err := db.Collect(tx, ScanResourceType, `select `+ResourceTypeColumns("")+` from resource_type
		where app_id = $1 and deleted_at is null`, string(c.AppID))
	if err != nil {
		return nil, Upserted{}, err
	}
	ids := make(map[string]ResourceTypeID, len(seen))
	for _, v := range seen {
		if _, twice := ids[v.ExternalID]; twice || u.err != nil {
			continue
		}
		before := typeFor(live, c.ID, v)
		if before.ID != "" && before.ConnectorID != c.ID {
			ids[v.ExternalID] = before.ID
			continue
		}
		after := before
		after.AppID, after.ConnectorID, after.ExternalID, after.Kind = c.AppID, c.ID, v.ExternalID, v.Kind
		after.DisplayName = clipName(v.DisplayName, v.ExternalID)
		if before.ID == "" {
			after.ID, after.CreatedAt = ResourceTypeID(u.newID()), u.now
			live = append(live, after)
		} else {
			after.Kind = before.Kind
		}
		ids[v.ExternalID] = after.ID
		after.UpdatedAt = u.now
		u.write(string(after.ID), before.ID == "", false, before, after,
			func() error { return insertResourceType(tx, after) }, func() error { return updateResourceType(tx, after) })
	}
	return ids, u.Upserted, u.done()
}

// typeFor returns the live type that v is: the connector's own, else the one of its kind; the zero one if neither is there.
func typeFor(live []ResourceType, connector ConnectorID, v SeenResourceType) ResourceType {
	for _, t := range live {
		if t.ConnectorID == connector && t.ExternalID == v.ExternalID {
			return t
		}
	}
	for _, t := range live {
		if t.Kind == v.Kind && v.Kind != KindCustom {
			return t
		}
	}
	return ResourceType{}
}

// UpsertResources writes the resources that the connector c reads.
func (s *Service) UpsertResources(tx *db.Tx, c ConnectorRef, seen []SeenResource) (map[string]ResourceID, Upserted, error) {
	u := s.upsert(tx, c, "resource", len(seen))
	known, err := byExternal(tx, "resource", ResourceColumns(""), ScanResource, c, seen,
		func(v SeenResource) string { return v.ExternalID }, func(r Resource) string { return r.ExternalID })
	if err != nil {
		return nil, Upserted{}, err
	}
	ids := make(map[string]ResourceID, len(seen))
	for _, v := range seen {
		if _, twice := ids[v.ExternalID]; twice || u.err != nil {
			continue
		}
		before := known[v.ExternalID]
		after := v.onto(before)
		after.AppID, after.ConnectorID = c.AppID, c.ID
		if before.ID == "" {
			after.ID, after.CreatedAt = ResourceID(u.newID()), u.now
		}
		ids[v.ExternalID] = after.ID
		after.UpdatedAt = u.now
		u.write(string(after.ID), before.ID == "", false, before, after,
			func() error { return insertResource(tx, after) }, func() error { return updateResource(tx, after) })
	}
	return ids, u.Upserted, u.done()
}

// UpsertEntitlements writes the entitlements that the connector c reads. Settings that only people make (alias, longest grant,
// policies) are never touched.
func (s *Service) UpsertEntitlements(tx *db.Tx, c ConnectorRef, seen []SeenEntitlement) (map[string]EntitlementID, Upserted, error) {
	u := s.upsert(tx, c, "entitlement", len(seen))
	known, err := byExternal(tx, "entitlement", EntitlementColumns(""), ScanEntitlement, c, seen,
		func(v SeenEntitlement) string { return v.ExternalID }, func(e Entitlement) string { return e.ExternalID })
	if err != nil {
		return nil, Upserted{}, err
	}
	ids := make(map[string]EntitlementID, len(seen))
	for _, v := range seen {
		if _, twice := ids[v.ExternalID]; twice || u.err != nil {
			continue
		}
		before := known[v.ExternalID]
		after := v.onto(before)
		after.AppID, after.ConnectorID = c.AppID, c.ID
		if before.ID == "" {
			after.ID, after.CreatedAt = EntitlementID(u.newID()), u.now
		}
		ids[v.ExternalID] = after.ID
		after.UpdatedAt = u.now
		u.write(string(after.ID), before.ID == "", false, before, after,
			func() error { return insertEntitlement(tx, after) }, func() error { return updateEntitlement(tx, after) })
	}
	return ids, u.Upserted, u.done()
}

// upserting is one call of an upsert under way. Its first error stops it.
type upserting struct {
	Upserted
	s              *Service
	tx             *db.Tx
	c              ConnectorRef
	object         string
	now            time.Time
	added, changed []string
	err            error
}

func (s *Service) upsert(tx *db.Tx, c ConnectorRef, object string, n int) *upserting {
	u := &upserting{s: s, tx: tx, c: c, object: object, now: s.clock.Now()}
	if n > MaxBatch {
		u.err = fmt.Errorf("%d objects in one upsert; at most %d", n, MaxBatch)
	}
	return u
}

func (u *upserting) newID() string { return id.New(u.now) }

// write inserts what is new and updates what differs, or is forced.
func (u *upserting) write(objectID string, isNew, force bool, before, after any, insert, update func() error) {
	if isNew {
		u.Added++
		u.added = append(u.added, objectID)
		u.err = insert()
		return
	}
	diff, err := audit.Changes(before, after)
	if err != nil || (len(diff) == 0 && !force) {
		u.err = err
		return
	}
	u.Changed++
	u.changed = append(u.changed, objectID)
	u.err = update()
}

// done records what was written.
func (u *upserting) done() error {
	if u.err != nil || u.Added+u.Changed == 0 {
		return u.err
	}
	e := event(u.object+".synced", audit.Update, "connector", u.c.AppID, u.c.ID,
		"read "+strconv.Itoa(u.Added)+" new and "+strconv.Itoa(u.Changed)+" changed of kind "+u.object)
	e.At, e.Data = u.now, map[string]any{"added": u.added, "changed": u.changed}
	return u.s.log.Record(u.tx, audit.Sync(string(u.c.ID)), e)
}
