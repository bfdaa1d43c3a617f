package catalog

import (
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Limits of defaults.
const (
	MaxCatalogs = 32 // catalogs that defaults name
	MaxTypes    = 64 // resource types that they are for
)

// Defaults is what holds for the requests for an app where an entitlement says nothing itself.
type Defaults struct {
	App     app.ID               `json:"-"`
	Enabled bool                 `json:"enabled"`
	Types   []app.ResourceTypeID `json:"resourceTypeIds,omitempty"` // whose entitlements they are for; none: all of the app
	// Catalogs are those that the entitlements are in as if they had been put there.
	Catalogs  []ID          `json:"catalogIds,omitempty"`
	Policy    app.PolicyID  `json:"requestPolicyId,omitempty"`
	Max       time.Duration `json:"maxGrantNanos,omitempty"` // the longest that a grant may last; zero: no limit
	Unlimited bool          `json:"unlimited,omitempty"`     // no limit was asked for, not merely none given
	app.Emergency
	Schema    app.SchemaID `json:"requestSchemaId,omitempty"`
	CreatedAt time.Time    `json:"-"` // zero: nothing was ever set
	UpdatedAt time.Time    `json:"-"`
	Version   int64        `json:"-"`
}

// Applied is what holds for a request for one entitlement.
type Applied struct {
	Duration  time.Duration // how long a grant lasts that does not say so itself: as long as it may; zero: without end
	Max       time.Duration // the longest that one may last; zero: no limit
	Policy    app.PolicyID  // who decides on it; empty: the policy of its app, or the built-in one
	Emergency app.Emergency
	Schema    app.SchemaID // the form; empty: none
	Catalogs  []ID         // that the defaults put it into
	// FromApp names, as the API does, what came from the defaults of the app: durationGrant, requestPolicyId, emergencyGrantEnabled,
	// emergencyGrantPolicyId, requestSchemaId, catalogIds.
	FromApp []string
}

// Validate answers Invalid for the first member of d that breaks a limit.
func (d Defaults) Validate() error {
	if d.Max < 0 || d.Max > app.MaxGrantLimit || d.Max%time.Microsecond != 0 {
		return fault.InvalidField("durationGrant", "must be whole microseconds, more than zero and at most %d days",
			app.MaxGrantLimit/(24*time.Hour))
	}
	return first(count("catalogIds", len(d.Catalogs), MaxCatalogs), count("resourceTypeIds", len(d.Types), MaxTypes))
}

// For reports whether d holds for an entitlement: one of its resource types, which does not override it.
func (d Defaults) For(e app.Entitlement) bool {
	return d.Enabled && !e.OverridesDefaults && (len(d.Types) == 0 || slices.Contains(d.Types, e.TypeID))
}

// Apply is the rule of precedence, member by member: what the entitlement says itself, else what d says, else nothing, which leaves
// it to the app's policy. (c1-api.md, 4.6: entitlement, then resource type and app defaults.) Of an entitlement that overrides d nothing
// is taken from d, not even where it says nothing itself.
func (d Defaults) Apply(e app.Entitlement) Applied {
	a := Applied{Max: e.MaxGrant, Policy: e.GrantPolicyID, Emergency: e.Emergency, Schema: e.RequestSchemaID}
	if d.For(e) {
		d.fill(e, &a)
	}
	a.Duration = a.Max
	return a
}

// fill takes from d what a leaves open.
func (d Defaults) fill(e app.Entitlement, a *Applied) {
	for _, f := range []struct {
		name string
		open bool
		take func()
	}{
		{"durationGrant", a.Max == 0 && !e.Unlimited && d.Max > 0, func() { a.Max = d.Max }},
		{"requestPolicyId", a.Policy == "" && d.Policy != "", func() { a.Policy = d.Policy }},
		{"emergencyGrantEnabled", !a.Emergency.EmergencyGrantEnabled && d.EmergencyGrantEnabled,
			func() { a.Emergency.EmergencyGrantEnabled = true }},
		{"emergencyGrantPolicyId", a.Emergency.EmergencyGrantPolicyID == "" && d.EmergencyGrantPolicyID != "",
			func() { a.Emergency.EmergencyGrantPolicyID = d.EmergencyGrantPolicyID }},
		{"requestSchemaId", a.Schema == "" && d.Schema != "", func() { a.Schema = d.Schema }},
		{"catalogIds", len(d.Catalogs) > 0, func() { a.Catalogs = d.Catalogs }},
	} {
		if f.open {
			f.take()
			a.FromApp = append(a.FromApp, f.name)
		}
	}
}

// Defaults answers what holds for a request for an entitlement.
func (*Service) Defaults(q db.Q, e app.Entitlement) (Applied, error) {
	d, err := getDefaults(q, e.AppID)
	return d.Apply(e), err
}

// Applied names those of the entitlements for which something holds that the defaults of their app say, as they are now: any of
// [Applied.FromApp]. One question for each 500 apps.
func (s *Service) Applied(ctx context.Context, list []app.Entitlement) (map[app.EntitlementRef]bool, error) {
	apps := make([]app.ID, len(list))
	for i, e := range list {
		apps[i] = e.AppID
	}
	of, err := manyDefaults(s.DB.Q(ctx), once(apps))
	if err != nil {
		return nil, err
	}
	found := map[app.EntitlementRef]bool{}
	for _, e := range list {
		if len(of[e.AppID].Apply(e).FromApp) > 0 {
			found[e.Ref()] = true
		}
	}
	return found, nil
}

// AppDefaults reads the defaults of an app, empty ones if nothing was ever set. NotFound for the app.
func (s *Service) AppDefaults(ctx context.Context, appID app.ID) (Defaults, error) {
	q := s.DB.Q(ctx)
	if _, err := app.GetApp(q, appID); err != nil {
		return Defaults{}, err
	}
	return getDefaults(q, appID)
}

// SetDefaults writes the defaults of an app whole. Invalid for what breaks a limit or is not there; NotFound for the app.
func (s *Service) SetDefaults(ctx context.Context, d Defaults) (Defaults, error) {
	if err := d.Validate(); err != nil {
		return Defaults{}, err
	}
	d.Catalogs, d.Types = once(d.Catalogs), once(d.Types)
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Lock("request_defaults:" + string(d.App)); err != nil {
			return err
		}
		in, err := app.GetApp(tx, d.App)
		if err != nil {
			return err
		}
		before, err := getDefaults(tx, d.App)
		if err != nil {
			return err
		}
		d.CreatedAt, d.UpdatedAt, d.Version = before.CreatedAt, before.UpdatedAt, before.Version
		if before.Version > 0 && reflect.DeepEqual(before, d) {
			return nil
		}
		if err := s.choose(tx, before, d); err != nil {
			return err
		}
		d.UpdatedAt = s.Clock.Now()
		if d.Version++; d.CreatedAt.IsZero() {
			d.CreatedAt = d.UpdatedAt
		}
		if err := putDefaults(tx, d); err != nil {
			return err
		}
		return s.Audit.Record(tx, audit.From(ctx), audit.Event{
			Kind: "request_defaults.updated", Activity: audit.Update, ObjectType: "app", ObjectID: string(d.App), AppID: string(d.App),
			Message: "changed the request defaults of app " + in.DisplayName, Data: map[string]any{"from": before, "to": d},
		})
	})
	return d, err
}

// choose checks what d names that before did not.
func (s *Service) choose(tx *db.Tx, before, d Defaults) error {
	for _, c := range []struct {
		field    string
		old, new app.PolicyID
	}{
		{"requestPolicyId", before.Policy, d.Policy},
		{"emergencyGrantPolicyId", before.EmergencyGrantPolicyID, d.EmergencyGrantPolicyID},
	} {
		if c.new == c.old || c.new == "" {
			continue
		}
		if s.Policies == nil {
			return fault.InvalidField(c.field, "there is no such policy")
		}
		if err := s.Policies.Choose(tx, c.field, "GRANT", string(c.new), app.EntitlementRef{AppID: d.App}); err != nil {
			return err
		}
	}
	if d.Schema != before.Schema && d.Schema != "" {
		if err := s.ChooseSchema(tx, "requestSchemaId", d.Schema); err != nil {
			return err
		}
	}
	for _, c := range d.Catalogs {
		if slices.Contains(before.Catalogs, c) {
			continue
		}
		if err := s.ChooseCatalog(tx, "catalogIds", c); err != nil {
			return err
		}
	}
	for _, t := range d.Types {
		if slices.Contains(before.Types, t) {
			continue
		}
		if _, err := app.GetResourceType(tx, d.App, t); fault.Is(err, fault.NotFound) {
			return fault.InvalidField("resourceTypeIds", "there is no such resource type in the app")
		} else if err != nil {
			return err
		}
	}
	return nil
}

func getDefaults(q db.Q, appID app.ID) (Defaults, error) {
	of, err := manyDefaults(q, []app.ID{appID})
	d := of[appID]
	d.App = appID
	return d, err
}

// manyDefaults reads the defaults of apps; those of which nothing was ever set are left out.
func manyDefaults(q db.Q, apps []app.ID) (map[app.ID]Defaults, error) {
	of := make(map[app.ID]Defaults, len(apps))
	for _, chunk := range db.Chunks(apps, 500) {
		args := make([]any, len(chunk))
		for i, a := range chunk {
			args[i] = string(a)
		}
		list, err := db.Collect(q, scanDefaults, `select app_id, doc, created_at, updated_at, version from request_defaults
			where app_id in `+db.In(len(chunk), 1), args...)
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			of[d.App] = d
		}
	}
	return of, nil
}

func scanDefaults(r *db.Rows) (d Defaults, err error) {
	var (
		doc              string
		created, updated int64
	)
	if err := r.Scan(&d.App, &doc, &created, &updated, &d.Version); err != nil {
		return d, err
	}
	d.CreatedAt, d.UpdatedAt = clock.FromMicros(created), clock.FromMicros(updated)
	return d, undocument(doc, &d)
}

// putDefaults writes d, which rows of catalogs follow from it, and which policies are used by it.
func putDefaults(tx *db.Tx, d Defaults) error {
	doc, err := document(d)
	if err != nil {
		return err
	}
	a := string(d.App)
	tx.Queue(`insert into request_defaults (app_id, request_schema_id, doc, created_at, updated_at, version) values ($1,$2,$3,$4,$5,$6)
		on conflict (app_id) do update set request_schema_id = excluded.request_schema_id, doc = excluded.doc,
			updated_at = excluded.updated_at, version = excluded.version`,
		a, string(d.Schema), doc, clock.Micros(d.CreatedAt), clock.Micros(d.UpdatedAt), d.Version)
	tx.Queue(`delete from request_defaults_catalog where app_id = $1`, a)
	tx.Queue(`delete from policy_use where by_id = $1 and by_kind = 'defaults'`, a)
	for _, p := range once([]app.PolicyID{d.Policy, d.EmergencyGrantPolicyID}) {
		if p != "" {
			tx.Queue(`insert into policy_use (policy_id, by_kind, by_id) values ($1,'defaults',$2)`, string(p), a)
		}
	}
	if !d.Enabled {
		return nil
	}
	types := d.Types
	if len(types) == 0 {
		types = []app.ResourceTypeID{""}
	}
	for _, c := range d.Catalogs {
		for _, t := range types {
			tx.Queue(`insert into request_defaults_catalog (app_id, resource_type_id, catalog_id) values ($1,$2,$3)`, a, string(t), string(c))
		}
	}
	return nil
}

// once returns the list, sorted, each of it once; nil for an empty one.
func once[T ~string](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(list)))
}
