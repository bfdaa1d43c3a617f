package read

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// GrantFilter narrows a list of grants. Zero members do not narrow; lists hold at most 500 values.
type GrantFilter struct {
	AppIDs      []app.ID
	Refs        []app.EntitlementRef
	AccountIDs  []app.AccountID
	Accounts    []app.AccountRef
	UserIDs     []directory.UserID // to accounts of one of these, now or at the time that the list is about
	Slugs       []string           // of entitlements with one of these slugs
	Purposes    []app.Purpose
	ResourceIDs []app.ResourceID
	TypeIDs     []app.ResourceTypeID
	Own         directory.UserID // to accounts of this user only, then as now, whatever else is asked
}

// where adds the conditions on grants g; a grant is theirs whose its account is now or, unless then is nil, whose it was then.
func (f GrantFilter) where(w *db.Where, then whose) {
	in(w, "g.app_id", f.AppIDs)
	entitlement, account := make([]any, 0, 2*len(f.Refs)), make([]any, 0, 2*len(f.Accounts))
	for _, r := range f.Refs {
		entitlement = append(entitlement, r.AppID, r.ID)
	}
	ids := make([]app.AccountID, len(f.Accounts))
	for i, r := range f.Accounts {
		ids[i], account = r.ID, append(account, r.AppID, r.ID)
	}
	switch len(f.Refs) {
	case 0:
	case 1: // the most asked, and an index has it in order
		w.And("g.app_id = ? and g.entitlement_id = ?", entitlement...)
	default:
		w.And("(g.app_id, g.entitlement_id) in (values "+marks("(?,?)", len(f.Refs))+")", entitlement...)
	}
	if len(f.Accounts) > 0 { // said twice: SQLite finds no index for the pairs
		w.And("(g.app_id, g.account_id) in (values "+marks("(?,?)", len(f.Accounts))+")", account...)
		in(w, "g.account_id", ids)
	}
	in(w, "g.account_id", f.AccountIDs)
	ofUsers(w, f.UserIDs, then)
	if f.Own != "" {
		ofUsers(w, []directory.UserID{f.Own}, then)
	}
	f.ofEntitlement(w)
}

// ofEntitlement adds the conditions on the entitlements of grants g.
func (f GrantFilter) ofEntitlement(w *db.Where) {
	conds, args := "", []any(nil)
	for _, c := range []struct {
		column string
		list   []any
	}{
		{"e.slug", texts(f.Slugs)}, {"e.purpose", texts(f.Purposes)}, {"e.resource_id", texts(f.ResourceIDs)},
		{"e.resource_type_id", texts(f.TypeIDs)},
	} {
		if len(c.list) > 0 {
			conds, args = conds+" and "+c.column+" in ("+marks("?", len(c.list))+")", append(args, c.list...)
		}
	}
	if conds != "" {
		w.And("exists (select 1 from entitlement e where e.app_id = g.app_id and e.id = g.entitlement_id"+conds+")", args...)
	}
}

// Binding is a grant with the entitlements that pass it on.
type Binding struct {
	grant.Grant

	Sources []app.EntitlementRef
	Held    Holding // in lists that look back only
}

// bind adds to grants what passed them on at a moment; those of which none is live need not be asked about now.
func bind(q db.Q, at, now time.Time, grants []grant.Grant) ([]Binding, error) {
	list := make([]Binding, len(grants))
	var passed []grant.ID
	for i, g := range grants {
		list[i].Grant = g
		if g.Derived > 0 || at.Before(now) {
			passed = append(passed, g.ID)
		}
	}
	sources, err := grant.Sources(q, passed, at)
	for i := range list {
		list[i].Sources = sources[list[i].ID]
	}
	return list, err
}

func scanGrant(r *db.Rows) (grant.Grant, error) { return grant.Scan(r) }

// Grants lists the grants in force now that match f, in the order of apps, entitlements and accounts.
func (s *Service) Grants(ctx context.Context, f GrantFilter, r page.Request) (page.Page[Binding], error) {
	now := s.clock.Now()
	sql, args := grantsSQL(f, r, now)
	return s.bindings(ctx, now, lookBack{}, sql, args, r, func(b Binding) page.Key {
		return page.Key{string(b.App), string(b.Entitlement), string(b.Account)}
	})
}

func grantsSQL(f GrantFilter, r page.Request, now time.Time) (string, []any) {
	var w db.Where
	w.And(grant.LiveSQL("g.", w.Bind(clock.Micros(now))))
	f.where(&w, nil)
	end := order{columns: []string{"g.app_id", "g.entitlement_id", "g.account_id"}}.page(&w, r)
	where, args := w.SQL()
	return `select ` + grant.Columns("g.") + ` from grants g` + where + end, args
}

func (s *Service) bindings(
	ctx context.Context, at time.Time, back lookBack, sql string, args []any, r page.Request, key func(Binding) page.Key,
) (page.Page[Binding], error) {
	var p page.Page[Binding]
	err := s.db.Read(ctx, func(q db.Q) error {
		grants, err := db.Collect(q, scanGrant, sql, args...)
		if err != nil {
			return err
		}
		rows, err := bind(q, at, s.clock.Now(), grants)
		if err != nil {
			return err
		}
		p = page.Cut(rows, r.Size, key)
		return back.tell(q, at, p.Items)
	})
	return p, err
}

// History lists all grants of an entitlement that ever were in force, oldest first, each with who held its account last while it was;
// with own, those of which own had a part, cut down to that.
func (s *Service) History(ctx context.Context, of app.EntitlementRef, own directory.UserID, r page.Request) (page.Page[Binding], error) {
	now := s.clock.Now()
	sql, args, err := historySQL(of, own, r)
	if err != nil {
		return page.Page[Binding]{}, err
	}
	back := lookBack{then: before(now)}
	if own != "" {
		back = lookBack{then: during, own: own}
	}
	return s.bindings(ctx, now, back, sql, args, r, activeKey)
}

func historySQL(of app.EntitlementRef, own directory.UserID, r page.Request) (string, []any, error) {
	var w db.Where
	w.And("g.active_at is not null and g.app_id = ? and g.entitlement_id = ?", of.AppID, of.ID)
	GrantFilter{Own: own}.where(&w, during)
	return byAge(&w, r)
}

// byAge ends a list of grants g that is ordered by when they began.
func byAge(w *db.Where, r page.Request) (string, []any, error) {
	if len(r.After) > 0 {
		at, err := micros(r.After)
		if err != nil {
			return "", nil, err
		}
		w.And("(g.active_at, g.id) > (?, ?)", at, r.After[1])
	}
	limit := w.Bind(r.Size + 1)
	where, args := w.SQL()
	return `select ` + grant.Columns("g.") + ` from grants g` + where + ` order by g.active_at, g.id limit ` + limit, args, nil
}

func activeKey(b Binding) page.Key { return momentKey(b.ActiveAt, string(b.ID)) }

// HeldBy is one account of a user, and the grant it holds.
type HeldBy struct {
	Account app.AccountRef
	Binding *Binding // nil: the account does not hold the entitlement now
}

// askIdentity is the row of the entitlement, and beside it each account of the user.
const askIdentity = `select p.deleted_at is null and e.deleted_at is null, u.id is not null, a.id
	from entitlement e join app p on p.id = e.app_id
	left join users u on u.id = $3 and u.status <> 'DELETED'
	left join account a on a.user_id = u.id and a.app_id = e.app_id and a.deleted_at is null
	where e.app_id = $1 and e.id = $2 order by a.id limit 500`

// OfIdentity answers every live account of a user in an app, at most 500, with the grant of the entitlement where the account holds
// it now. NotFound for an entitlement or user that is not there or deleted.
func (s *Service) OfIdentity(ctx context.Context, of app.EntitlementRef, user directory.UserID) ([]HeldBy, error) {
	q, now := s.db.Q(ctx), s.clock.Now()
	var list []HeldBy
	var thing, person bool
	err := each(q, askIdentity, []any{of.AppID, of.ID, user}, func(r *db.Rows) error {
		var account *string
		err := r.Scan(&thing, &person, &account)
		if account != nil {
			list = append(list, HeldBy{Account: app.AccountRef{AppID: of.AppID, ID: app.AccountID(*account)}})
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case !thing:
		return nil, fault.Missing("entitlement", string(of.ID))
	case !person:
		return nil, fault.Missing("user", string(user))
	case len(list) == 0:
		return nil, nil
	}
	return list, s.fill(q, of, list, now)
}

// fill adds the grants to accounts.
func (s *Service) fill(q db.Q, of app.EntitlementRef, list []HeldBy, now time.Time) error {
	at := make(map[app.AccountID]*HeldBy, len(list))
	var w db.Where
	w.And("g.app_id = ? and g.entitlement_id = ?", of.AppID, of.ID)
	ids := make([]app.AccountID, len(list))
	for i := range list {
		ids[i], at[list[i].Account.ID] = list[i].Account.ID, &list[i]
	}
	in(&w, "g.account_id", ids)
	w.And(grant.LiveSQL("g.", w.Bind(clock.Micros(now))))
	where, args := w.SQL()
	grants, err := db.Collect(q, scanGrant, `select `+grant.Columns("g.")+` from grants g`+where, args...)
	if err != nil {
		return err
	}
	bindings, err := bind(q, now, now, grants)
	for i := range bindings {
		at[bindings[i].Account].Binding = &bindings[i]
	}
	return err
}
