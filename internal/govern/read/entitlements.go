package read

import (
	"context"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/attribute"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// EntitlementFilter narrows a list of entitlements. Zero members do not narrow; lists hold at most 500 values.
type EntitlementFilter struct {
	DisplayName             string // the exact name
	Alias                   string // the exact alias
	Query                   string // part of name, description or alias
	AppIDs, ExcludeAppIDs   []app.ID
	TypeIDs, ExcludeTypeIDs []app.ResourceTypeID
	Kinds                   []app.ResourceKind
	ResourceIDs             []app.ResourceID
	Refs, ExcludeRefs       []app.EntitlementRef
	ConnectorID             app.ConnectorID // read by this connector
	PolicyIDs               []app.PolicyID  // one of these decides on it, by its own choice
	SchemaIDs               []app.SchemaID  // one of these is its own form
	RiskIDs, FrameworkIDs   []attribute.ID  // it has one of these
	GrantedTo, NotGrantedTo []app.AccountID // one of these accounts holds it; none of these does
	ExcludeBuiltin          bool
	OnlyAutomated           bool // an automation gives it
	OnlyExpiring            bool // somebody holds it until a set time
	IncludeDeleted          bool
	Seer                    directory.UserID // the caller, if they may not see every item
}

// Entitlements lists the entitlements that match f by app, then display name. Anybody may see which there are, but for those of
// items that they do not see; who holds them is the caller's to protect.
func (s *Service) Entitlements(ctx context.Context, f EntitlementFilter, r page.Request) (page.Page[app.Entitlement], error) {
	sql, args := entitlementsSQL(f, r, s.clock.Now())
	rows, err := db.Collect(s.db.Q(ctx), app.ScanEntitlement, sql, args...)
	return page.Cut(rows, r.Size, func(e app.Entitlement) page.Key {
		return page.Key{string(e.AppID), app.SortName(e.DisplayName), string(e.ID)}
	}), err
}

func entitlementsSQL(f EntitlementFilter, r page.Request, now time.Time) (string, []any) {
	var w db.Where
	with := seenBy(&w, "e.", "resource_id", f.Seer, now)
	if !f.IncludeDeleted {
		w.And("e.deleted_at is null")
	}
	if f.DisplayName != "" {
		w.And("e.sort_name = ? and e.display_name = ?", app.SortName(f.DisplayName), f.DisplayName)
	}
	if f.Alias != "" {
		w.And("e.alias = ? and e.alias <> ''", f.Alias)
	}
	query(&w, "e.search", f.Query)
	in(&w, "e.app_id", f.AppIDs)
	notIn(&w, "e.app_id", f.ExcludeAppIDs)
	in(&w, "e.resource_type_id", f.TypeIDs)
	notIn(&w, "e.resource_type_id", f.ExcludeTypeIDs)
	in(&w, "e.resource_id", f.ResourceIDs)
	anyOf(&w, `exists (select 1 from resource_type t where t.app_id = e.app_id and t.id = e.resource_type_id and t.kind in %s)`, f.Kinds)
	key := func(v app.EntitlementRef) (string, string) { return string(v.AppID), string(v.ID) }
	names(&w, "in", "e.", f.Refs, key)
	names(&w, "not in", "e.", f.ExcludeRefs, key)
	if f.ConnectorID != "" {
		w.And("e.connector_id = ?", string(f.ConnectorID))
	}
	if len(f.SchemaIDs) > 0 {
		w.And("e.request_schema_id <> ''")
		in(&w, "e.request_schema_id", f.SchemaIDs)
	}
	anyOf(&w, `(e.app_id, e.id) in (select r.app_id, r.id from entitlement r
		where r.risk_level_id in %s and r.risk_level_id <> '')`, f.RiskIDs)
	anyOf(&w, `(e.app_id, e.id) in (select f.app_id, f.entitlement_id from entitlement_framework f where f.value_id in %s)`, f.FrameworkIDs)
	if f.OnlyAutomated {
		w.And(automated)
	}
	f.policies(&w)
	f.grants(&w)
	end := order{columns: []string{"e.app_id", "e.sort_name", "e.id"}}.page(&w, r)
	where, args := w.SQL()
	return with + `select ` + app.EntitlementColumns("e.") + ` from entitlement e` + where + end, args
}

// policies adds that the entitlement chooses one of the policies, each choice by its own index.
func (f EntitlementFilter) policies(w *db.Where) {
	if len(f.PolicyIDs) == 0 {
		return
	}
	var parts []string
	var args []any
	list := marks("?", len(f.PolicyIDs))
	for _, column := range []string{"grant_policy_id", "revoke_policy_id", "certify_policy_id", "emergency_grant_policy_id"} {
		parts = append(parts, "select c.app_id, c.id from entitlement c where c."+column+" in ("+list+") and c."+column+" <> ''")
		args = append(args, texts(f.PolicyIDs)...)
	}
	w.And("(e.app_id, e.id) in ("+strings.Join(parts, " union all ")+")", args...)
}

// grants adds the conditions on who holds the entitlement.
func (f EntitlementFilter) grants(w *db.Where) {
	anyOf(w, `(e.app_id, e.id) in (select g.app_id, g.entitlement_id from grants g where g.account_id in %s and `+held+`)`, f.GrantedTo)
	anyOf(w, `not exists (select 1 from grants g where g.app_id = e.app_id and g.entitlement_id = e.id
		and g.account_id in %s and `+held+`)`, f.NotGrantedTo)
	if f.ExcludeBuiltin {
		w.And("not e.builtin")
	}
	if f.OnlyExpiring {
		w.And(`exists (select 1 from grants g where g.app_id = e.app_id and g.entitlement_id = e.id
			and g.deprovision_at is not null and ` + held + `)`)
	}
}
