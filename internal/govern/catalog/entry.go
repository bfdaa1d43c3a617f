package catalog

import (
	"context"
	"slices"
	"strconv"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// part is one of the two sets of entitlements that a catalog has.
type part struct {
	table string
	most  int
	field string // as the API names a list of it
	noun  string // in audit events
}

var (
	entries  = part{"catalog_entry", MaxEntries, "appEntitlements", "entitlements"}
	audience = part{"catalog_audience", MaxAudience, "accessEntitlements", "audience"}
)

// Add puts at most MaxBatch entitlements into a catalog; those that are in it stay. Invalid above [MaxEntries]; NotFound;
// Denied for what gives powers beyond the caller's roles, here and below: what is listed can be asked for.
func (s *Service) Add(ctx context.Context, catalogID ID, refs []app.EntitlementRef) error {
	if err := s.mayList(ctx, refs); err != nil {
		return err
	}
	return s.change(ctx, entries, catalogID, refs, join)
}

// Remove takes at most MaxBatch entitlements out of a catalog and answers how many were in it. NotFound for the catalog.
func (s *Service) Remove(ctx context.Context, catalogID ID, refs []app.EntitlementRef) (n int64, err error) {
	return n, s.change(ctx, entries, catalogID, refs, leave(&n))
}

// Replace makes at most MaxBatch entitlements the whole of a catalog, in this order. NotFound.
func (s *Service) Replace(ctx context.Context, catalogID ID, refs []app.EntitlementRef) error {
	if err := s.mayList(ctx, refs); err != nil {
		return err
	}
	return s.change(ctx, entries, catalogID, refs, replace)
}

// replace makes refs the whole of the set, in their order, and answers how many that moved.
func replace(tx *db.Tx, c changing) (int64, error) {
	others := `delete from ` + c.table + ` where catalog_id = $1`
	args := []any{string(c.ID)}
	if len(c.refs) > 0 {
		var list string
		list, args = values(c.refs, args)
		others += ` and (app_id, entitlement_id) not in (values ` + list + `)`
	}
	gone, err := tx.Exec(others, args...)
	if err != nil {
		return 0, err
	}
	come, err := join(tx, c)
	if err != nil {
		return 0, err
	}
	moved, err := arrange(tx, c)
	return gone + come + moved, err
}

// arrange puts the set, which is refs, in the order of refs, and answers how many were elsewhere.
func arrange(tx *db.Tx, c changing) (moved int64, err error) {
	type placed struct {
		ref   app.EntitlementRef
		place int
	}
	list, err := db.Collect(tx, func(r *db.Rows) (v placed, err error) {
		return v, r.Scan(&v.ref.AppID, &v.ref.ID, &v.place)
	}, `select app_id, entitlement_id, place from `+c.table+` where catalog_id = $1`, string(c.ID))
	if err != nil {
		return 0, err
	}
	for _, v := range list {
		if at := slices.Index(c.refs, v.ref) + 1; at != v.place {
			tx.Queue(`update `+c.table+` set place = $1 where catalog_id = $2 and app_id = $3 and entitlement_id = $4`,
				at, string(c.ID), string(v.ref.AppID), string(v.ref.ID))
			moved++
		}
	}
	return moved, nil
}

// AddAudience lets the holders of at most MaxBatch entitlements see a catalog. Precondition for one that is not published or that
// everybody sees; Invalid above [MaxAudience]; NotFound.
func (s *Service) AddAudience(ctx context.Context, catalogID ID, refs []app.EntitlementRef) error {
	if err := mayShow(ctx, s.DB.Q(ctx), catalogID); err != nil {
		return err
	}
	return s.change(ctx, audience, catalogID, refs, func(tx *db.Tx, c changing) (int64, error) {
		if err := c.mayHaveAudience(); err != nil {
			return 0, err
		}
		return join(tx, c)
	})
}

// RemoveAudience takes at most MaxBatch entitlements out of the audience. NotFound for the catalog.
func (s *Service) RemoveAudience(ctx context.Context, catalogID ID, refs []app.EntitlementRef) error {
	var n int64
	return s.change(ctx, audience, catalogID, refs, leave(&n))
}

// Show says who sees a catalog: everyone, or who holds one of the entitlements, and nobody else any more. It is published by that.
// Invalid above [MaxAudience]; NotFound.
func (s *Service) Show(ctx context.Context, catalogID ID, everyone bool, to []app.EntitlementRef) (Catalog, error) {
	if everyone {
		to = nil
	}
	if err := count(audience.field, len(to), MaxAudience); err != nil {
		return Catalog{}, err
	}
	if err := mayShow(ctx, s.DB.Q(ctx), catalogID); err != nil {
		return Catalog{}, err
	}
	var after Catalog
	err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if err = lock(tx, catalogID); err != nil {
			return err
		}
		if after, err = s.update(ctx, tx, catalogID, func(c *Catalog) error {
			c.Published, c.Everyone = true, everyone
			return nil
		}); err != nil {
			return err
		}
		n, err := replace(tx, changing{after, audience, to, clock.Micros(s.Clock.Now())})
		if err != nil || n == 0 {
			return err
		}
		e := event(after, "catalog.audience_changed", audit.Update, "changed the audience of catalog "+after.DisplayName)
		e.Data = map[string]any{audience.field: to, "changed": n}
		if err := s.Audit.Record(tx, audit.From(ctx), e); err != nil {
			return err
		}
		after, err = live(tx, catalogID)
		return err
	})
	return after, err
}

// mayList is [iam.MayPass] for what is to be in a catalog.
func (s *Service) mayList(ctx context.Context, refs []app.EntitlementRef) error {
	objects := make([]iam.Object, len(refs))
	for n, r := range refs {
		objects[n] = iam.Object{Type: "entitlement", AppID: string(r.AppID), ID: string(r.ID)}
	}
	return iam.MayPass(ctx, s.DB.Q(ctx), objects...)
}

// mayShow is [iam.MayPass] for a catalog that others are to see.
func mayShow(ctx context.Context, q db.Q, catalogID ID) error {
	return iam.MayPass(ctx, q, iam.Object{Type: "catalog", ID: string(catalogID)})
}

// changing is a set of a catalog that is being changed by refs.
type changing struct {
	Catalog
	part

	refs []app.EntitlementRef
	at   int64
}

func (s *Service) change(
	ctx context.Context, p part, catalogID ID, refs []app.EntitlementRef, do func(tx *db.Tx, c changing) (int64, error),
) error {
	if err := count(p.field, len(refs), MaxBatch); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := lock(tx, catalogID); err != nil {
			return err
		}
		c, err := live(tx, catalogID)
		if err != nil {
			return err
		}
		n, err := do(tx, changing{c, p, refs, clock.Micros(s.Clock.Now())})
		if err != nil || n == 0 {
			return err
		}
		if c.enrollment != "" && p.table == entries.table {
			if err := s.enroll(ctx, tx, &c); err != nil {
				return err
			}
		}
		e := event(c, "catalog."+p.noun+"_changed", audit.Update, "changed the "+p.noun+" of catalog "+c.DisplayName)
		e.Data = map[string]any{p.field: refs, "changed": n}
		return s.Audit.Record(tx, audit.From(ctx), e)
	})
}

// join adds what is not in the set, behind what is, and answers how many that were.
func join(tx *db.Tx, c changing) (n int64, err error) {
	if err := known(tx, c.refs); err != nil {
		return 0, err
	}
	var last int
	if err := tx.Row(`select coalesce(max(place), 0) from `+c.table+` where catalog_id = $1`, string(c.ID)).Scan(&last); err != nil {
		return 0, err
	}
	for i, r := range c.refs {
		added, err := tx.Exec(`insert into `+c.table+` (catalog_id, app_id, entitlement_id, created_at, place) values ($1,$2,$3,$4,$5)
			on conflict do nothing`, string(c.ID), string(r.AppID), string(r.ID), c.at, last+1+i)
		if err != nil {
			return 0, err
		}
		n += added
	}
	var size int
	if err := tx.Row(`select count(*) from `+c.table+` where catalog_id = $1`, string(c.ID)).Scan(&size); err != nil {
		return 0, err
	}
	if size > c.most {
		return 0, fault.InvalidField(c.field, "the catalog would have %d; at most %d are allowed", size, c.most)
	}
	return n, nil
}

// leave takes out what is in the set, and counts that in n.
func leave(n *int64) func(tx *db.Tx, c changing) (int64, error) {
	return func(tx *db.Tx, c changing) (int64, error) {
		*n = 0
		if len(c.refs) == 0 {
			return 0, nil
		}
		list, args := values(c.refs, []any{string(c.ID)})
		var err error
		*n, err = tx.Exec(`delete from `+c.table+` where catalog_id = $1 and (app_id, entitlement_id) in (values `+list+`)`, args...)
		return *n, err
	}
}

// known refuses entitlements that are not live, or not in a live app. NotFound, naming the first.
func known(q db.Q, refs []app.EntitlementRef) error {
	if len(refs) == 0 {
		return nil
	}
	list, args := values(refs, nil)
	found, err := db.Collect(q, scanRef, `select e.app_id, e.id from entitlement e join app p on p.id = e.app_id
		where (e.app_id, e.id) in (values `+list+`) and e.deleted_at is null and p.deleted_at is null`, args...)
	if err != nil {
		return err
	}
	there := make(map[app.EntitlementRef]bool, len(found))
	for _, r := range found {
		there[r] = true
	}
	for _, r := range refs {
		if !there[r] {
			return fault.Missing("entitlement", string(r.ID))
		}
	}
	return nil
}

// Has reports whether an entitlement was put into a catalog. NotFound for the catalog.
func (s *Service) Has(ctx context.Context, catalogID ID, ref app.EntitlementRef) (bool, error) {
	q := s.DB.Q(ctx)
	if _, err := live(q, catalogID); err != nil {
		return false, err
	}
	var n int
	err := q.Row(`select count(*) from catalog_entry where catalog_id = $1 and app_id = $2 and entitlement_id = $3`,
		string(catalogID), string(ref.AppID), string(ref.ID)).Scan(&n)
	return n > 0, err
}

// Entitlements lists the live entitlements that were put into a catalog, by app and id. NotFound for the catalog.
func (s *Service) Entitlements(ctx context.Context, catalogID ID, r page.Request) (page.Page[app.Entitlement], error) {
	return s.list(ctx, entries, catalogID, r)
}

// Audience lists the live entitlements whose holders see a catalog, by app and id. NotFound for the catalog.
func (s *Service) Audience(ctx context.Context, catalogID ID, r page.Request) (page.Page[app.Entitlement], error) {
	return s.list(ctx, audience, catalogID, r)
}

// All names the live entitlements that were put into a catalog, at most [MaxEntries], in the order in which they were: who keeps a
// list elsewhere, as Terraform does, compares it with this one. NotFound for the catalog.
func (s *Service) All(ctx context.Context, catalogID ID) ([]app.EntitlementRef, error) {
	q := s.DB.Q(ctx)
	if _, err := live(q, catalogID); err != nil {
		return nil, err
	}
	return all(q, catalogID)
}

func all(q db.Q, catalogID ID) ([]app.EntitlementRef, error) {
	return db.Collect(q, scanRef, entries.from("e.app_id, e.id")+` where n.catalog_id = $1`+liveEntry+
		` order by n.place, n.app_id, n.entitlement_id`, string(catalogID))
}

func (s *Service) list(ctx context.Context, p part, catalogID ID, r page.Request) (page.Page[app.Entitlement], error) {
	q := s.DB.Q(ctx)
	if _, err := live(q, catalogID); err != nil {
		return page.Page[app.Entitlement]{}, err
	}
	sql, args := p.sql(app.EntitlementColumns("e."), catalogID, r)
	rows, err := db.Collect(q, app.ScanEntitlement, sql, args...)
	return page.Cut(rows, r.Size, func(e app.Entitlement) page.Key { return page.Key{string(e.AppID), string(e.ID)} }), err
}

// liveEntry joins the entitlement e and the app p of a row n, neither deleted.
const liveEntry = ` and e.app_id = n.app_id and e.id = n.entitlement_id and e.deleted_at is null
	and p.id = n.app_id and p.deleted_at is null`

// from begins a question about a set. SQLite takes the tables of a cross join in the order in which they are named.
func (p part) from(cols string) string {
	return `select ` + cols + ` from ` + p.table + ` n cross join entitlement e cross join app p`
}

// sql asks for a page of the live entitlements e of a set.
func (p part) sql(cols string, catalogID ID, r page.Request) (string, []any) {
	var w db.Where
	w.And("n.catalog_id = ?"+liveEntry, string(catalogID))
	w.After([]string{"n.app_id", "n.entitlement_id"}, r.After...)
	where, args := w.SQL()
	return p.from(cols) + where + ` order by n.app_id, n.entitlement_id limit ` + strconv.Itoa(r.Size+1), args
}

func scanRef(r *db.Rows) (ref app.EntitlementRef, err error) { return ref, r.Scan(&ref.AppID, &ref.ID) }

// values is "($2,$3),($4,$5)…" for refs, behind what args holds already.
func values(refs []app.EntitlementRef, args []any) (string, []any) {
	from := len(args) + 1
	for _, r := range refs {
		args = append(args, string(r.AppID), string(r.ID))
	}
	return db.Values(len(refs), 2, from), args
}
