package automation

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

const ruleColumns = `app_id, entitlement_id, kind, expression, display_name, description, status, error, completed_at, created_at,
	updated_at, deleted_at, version, doubt, traits, paused, breaker, matched, asks`

func scanRule(r *db.Rows) (v Rule, err error) {
	var created, updated int64
	var completed, deleted *int64
	var traits, breaker *string
	err = r.Scan(&v.Of.AppID, &v.Of.ID, &v.Kind, &v.Expression, &v.DisplayName, &v.Description, &v.Status, &v.Error, &completed, &created,
		&updated, &deleted, &v.Version, &v.Doubt, &traits, &v.Paused, &breaker, &v.Matched, &v.Asks)
	v.CreatedAt, v.UpdatedAt = clock.FromMicros(created), clock.FromMicros(updated)
	v.CompletedAt, v.DeletedAt = clock.FromNull(completed), clock.FromNull(deleted)
	if err == nil && traits != nil {
		err = json.Unmarshal([]byte(*traits), &v.Traits)
	}
	if err == nil && breaker != nil {
		err = json.Unmarshal([]byte(*breaker), &v.Breaker)
	}
	return v, err
}

// getRule reads the live rule of an entitlement.
func getRule(q db.Q, of app.EntitlementRef, lock string) (Rule, error) {
	r, err := db.One(q, scanRule, `select `+ruleColumns+` from automation
		where app_id = $1 and entitlement_id = $2 and deleted_at is null`+lock,
		string(of.AppID), string(of.ID))
	if err != nil {
		return Rule{}, missing(err, "automation of the entitlement")
	}
	r.Sources, err = sources(q, of)
	return r, err
}

func sources(q db.Q, of app.EntitlementRef) ([]app.EntitlementRef, error) {
	return db.Collect(q, scanRef, `select src_app_id, src_entitlement_id from automation_ref where app_id = $1 and entitlement_id = $2
		order by src_app_id, src_entitlement_id`, string(of.AppID), string(of.ID))
}

func scanRef(r *db.Rows) (e app.EntitlementRef, err error) { return e, r.Scan(&e.AppID, &e.ID) }

// documents are the traits and the breaker of r as their columns have them; nil: it has none.
func (r Rule) documents() (traits, breaker *string, err error) {
	if r.Kind == ByTraits {
		if traits, err = document(r.Traits); err != nil {
			return nil, nil, err
		}
	}
	if r.Breaker != (Breaker{}) {
		breaker, err = document(r.Breaker)
	}
	return traits, breaker, err
}

func document(v any) (*string, error) {
	raw, err := json.Marshal(v)
	return new(string(raw)), err
}

// insertRule adds r unless the entitlement has a live one, and reports whether it did. One that is on its way out comes back to life.
func insertRule(tx *db.Tx, r Rule) (bool, error) {
	traits, breaker, err := r.documents()
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(`insert into automation (app_id, entitlement_id, kind, expression, display_name, description, status, error,
			completed_at, due_at, created_at, updated_at, deleted_at, version, traits, paused, breaker, asks)
			values ($1, $2, $3, $4, $5, $6, '', '', null, $7, $7, $7, null, 1, $8, $9, $10, $11)
		on conflict (app_id, entitlement_id) do update set kind = $3, expression = $4, display_name = $5, description = $6, status = '',
			error = '', completed_at = null, due_at = $7, created_at = $7, updated_at = $7, deleted_at = null, version = 1, doubt = '',
			traits = $8, paused = $9, breaker = $10, matched = 0, asks = $11
		where automation.deleted_at is not null`,
		string(r.Of.AppID), string(r.Of.ID), string(r.Kind), r.Expression, r.DisplayName, r.Description, clock.Micros(r.CreatedAt),
		traits, r.Paused, breaker, r.Asks)
	return n == 1, err
}

func updateRule(tx *db.Tx, r Rule) error {
	traits, breaker, err := r.documents()
	if err != nil {
		return err
	}
	n, err := tx.Exec(`update automation set kind = $4, expression = $5, display_name = $6, description = $7, updated_at = $8, due_at = $8,
			doubt = $9, traits = $10, paused = $11, breaker = $12, asks = $13, version = version + 1
		where app_id = $1 and entitlement_id = $2 and version = $3 and deleted_at is null`,
		string(r.Of.AppID), string(r.Of.ID), r.Version, string(r.Kind), r.Expression, r.DisplayName, r.Description, clock.Micros(r.UpdatedAt),
		string(r.Doubt), traits, r.Paused, breaker, r.Asks)
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "the automation was changed by someone else; read it again")
	}
	return err
}

// setSources writes down which entitlements and tags r goes by.
func setSources(tx *db.Tx, r Rule) {
	forgetSources(tx, r.Of)
	for _, t := range r.Traits.tags() {
		tx.Queue(`insert into automation_tag (app_id, entitlement_id, key, value) values ($1, $2, $3, $4)`,
			string(r.Of.AppID), string(r.Of.ID), t.Key, t.Value)
	}
	for _, e := range r.Sources {
		tx.Queue(`insert into automation_ref (app_id, entitlement_id, src_app_id, src_entitlement_id) values ($1, $2, $3, $4)
			on conflict (app_id, entitlement_id, src_app_id, src_entitlement_id) do nothing`,
			string(r.Of.AppID), string(r.Of.ID), string(e.AppID), string(e.ID))
	}
}

func forgetSources(tx *db.Tx, of app.EntitlementRef) {
	for _, table := range []string{"automation_ref", "automation_tag"} {
		tx.Queue(`delete from `+table+` where app_id = $1 and entitlement_id = $2`, string(of.AppID), string(of.ID))
	}
}

// traitRules reads the live rules of kind [ByTraits] of some entitlements.
func traitRules(q db.Q, of []app.EntitlementRef) (map[app.EntitlementRef]Rule, error) {
	out := map[app.EntitlementRef]Rule{}
	for _, chunk := range db.Chunks(of) {
		w := &db.Where{}
		w.And("kind = 'TRAITS' and deleted_at is null")
		list := make([]string, len(chunk))
		for n, e := range chunk {
			list[n] = "(" + w.Bind(string(e.AppID)) + "," + w.Bind(string(e.ID)) + ")"
		}
		w.And("(app_id, entitlement_id) in (values " + strings.Join(list, ",") + ")")
		where, args := w.SQL()
		found, err := db.Collect(q, scanRule, `select `+ruleColumns+` from automation`+where, args...)
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			out[r.Of] = r
		}
	}
	return out, nil
}

func excluded(q db.Q, of app.EntitlementRef) ([]directory.UserID, error) {
	return db.Collect(q, func(r *db.Rows) (u directory.UserID, err error) { return u, r.Scan(&u) },
		`select user_id from automation_exclusion where app_id = $1 and entitlement_id = $2 order by created_at, user_id limit 1001`,
		string(of.AppID), string(of.ID))
}

const ofBinding = `src_app_id = $1 and src_entitlement_id = $2 and dst_app_id = $3 and dst_entitlement_id = $4`

func (b Binding) args() []any {
	return []any{string(b.Source.AppID), string(b.Source.ID), string(b.Destination.AppID), string(b.Destination.ID)}
}

const proxyColumns = `src_app_id, src_entitlement_id, dst_app_id, dst_entitlement_id, until_at, task_id, created_at, updated_at,
	deleted_at, on_loss, ask_giving, ask_taking`

func scanProxy(r *db.Rows) (p Proxy, err error) {
	var created, updated int64
	var until, deleted *int64
	err = r.Scan(&p.Source.AppID, &p.Source.ID, &p.Destination.AppID, &p.Destination.ID, &until, &p.Task, &created, &updated,
		&deleted, &p.OnLoss, &p.Ask.Giving, &p.Ask.Taking)
	p.CreatedAt, p.UpdatedAt = clock.FromMicros(created), clock.FromMicros(updated)
	p.Until, p.DeletedAt = clock.FromNull(until), clock.FromNull(deleted)
	return p, err
}

// getProxy reads a proxy that is live at a moment: neither taken away nor past its end.
func getProxy(q db.Q, b Binding, at time.Time, lock string) (Proxy, error) {
	p, err := db.One(q, scanProxy, `select `+proxyColumns+` from proxy where deleted_at is null and (until_at is null or until_at > $5)
		and `+ofBinding+lock, append(b.args(), clock.Micros(at))...)
	return p, missing(err, "binding of the entitlements")
}

// Bound lists the live proxies that pass an entitlement on, at most [MaxProxies], by destination.
func (s *Service) Bound(q db.Q, source app.EntitlementRef) ([]Proxy, error) {
	return db.Collect(q, scanProxy, boundSQL, string(source.AppID), string(source.ID), clock.Micros(s.Clock.Now()))
}

const boundSQL = `select ` + proxyColumns + ` from proxy where src_app_id = $1 and src_entitlement_id = $2 and deleted_at is null
	and (until_at is null or until_at > $3) order by dst_app_id, dst_entitlement_id`

// reachSQL is boundSQL without what is deleted, whose bindings stay until their pass, and without what nobody holds before they were asked
// about.
const reachSQL = `select p.dst_app_id, p.dst_entitlement_id from proxy p
		join entitlement e on e.app_id = p.dst_app_id and e.id = p.dst_entitlement_id and e.deleted_at is null
		join app a on a.id = p.dst_app_id and a.deleted_at is null
	where p.src_app_id = $1 and p.src_entitlement_id = $2 and p.deleted_at is null and (p.until_at is null or p.until_at > $3)
		and not p.ask_giving
	order by p.dst_app_id, p.dst_entitlement_id`

// BoundTo lists the live proxies by which others pass an entitlement on, at most [MaxSourcesOf], in no order.
func (s *Service) BoundTo(q db.Q, destination app.EntitlementRef) ([]Proxy, error) {
	return db.Collect(q, scanProxy, boundToSQL, string(destination.AppID), string(destination.ID), clock.Micros(s.Clock.Now()))
}

const boundToSQL = `select ` + proxyColumns + ` from proxy where dst_app_id = $1 and dst_entitlement_id = $2 and deleted_at is null
	and (until_at is null or until_at > $3)`

// countProxies refuses the proxy of b where its ends have as many others as they can.
func countProxies(q db.Q, b Binding) error {
	var from, to int
	err := q.Row(`select count(*) from proxy where src_app_id = $1 and src_entitlement_id = $2 and deleted_at is null
		and not (dst_app_id = $3 and dst_entitlement_id = $4)`, b.args()...).Scan(&from)
	if err == nil {
		err = q.Row(`select count(*) from proxy where dst_app_id = $3 and dst_entitlement_id = $4 and deleted_at is null
			and not (src_app_id = $1 and src_entitlement_id = $2)`, b.args()...).Scan(&to)
	}
	switch {
	case err != nil:
		return err
	case from >= MaxProxies:
		return fault.New(fault.Precondition, "an entitlement is bound to %d others at most", MaxProxies)
	case to >= MaxSourcesOf:
		return fault.New(fault.Precondition, "at most %d others are bound to an entitlement", MaxSourcesOf)
	}
	return nil
}

// destinations are the entitlements that the holders of e get by a proxy or a rule.
func destinations(q db.Q, e app.EntitlementRef) ([]app.EntitlementRef, error) {
	return db.Collect(q, scanRef, `select dst_app_id, dst_entitlement_id from proxy
			where src_app_id = $1 and src_entitlement_id = $2 and deleted_at is null
		union all select app_id, entitlement_id from automation_ref where src_app_id = $1 and src_entitlement_id = $2`,
		string(e.AppID), string(e.ID))
}

// sourcesOf are the entitlements whose holders get e by a proxy or a rule.
func sourcesOf(q db.Q, e app.EntitlementRef) ([]app.EntitlementRef, error) {
	return db.Collect(q, scanRef, `select src_app_id, src_entitlement_id from proxy
			where dst_app_id = $1 and dst_entitlement_id = $2 and deleted_at is null
		union all select src_app_id, src_entitlement_id from automation_ref where app_id = $1 and entitlement_id = $2`,
		string(e.AppID), string(e.ID))
}

// locked ends a statement whose rows nobody else is to change until tx ends. SQLite has one writer.
func locked(tx *db.Tx) string {
	if tx.Skip() == "" {
		return ""
	}
	return " for update"
}
