package app_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Whatever people and a connector do in whatever order, the invariants of doc.go hold afterwards, and no step fails other than with
// a fault that says why.
func TestTheInvariantsHoldAfterAnySequenceOfSteps(t *testing.T) {
	each(t, func(f *fixture) {
		rapid.Check(f, func(t *rapid.T) {
			m := &model{T: t, f: f, app: must[app.App](f)(f.apps.CreateApp(f.ctx, app.App{DisplayName: "Model"}))}
			m.connector = f.connector(m.app.ID)
			steps := map[string]func(){
				"make type": m.makeType, "make resource": m.makeResource, "make entitlement": m.makeEntitlement, "rename": m.rename,
				"take alias": m.takeAlias, "delete type": m.deleteType, "delete resource": m.deleteResource,
				"delete entitlement": m.deleteEntitlement, "read": m.read, "gone": m.gone,
			}
			names := slices.Sorted(maps.Keys(steps))
			for range rapid.IntRange(1, 16).Draw(t, "steps") {
				steps[rapid.SampledFrom(names).Draw(t, "step")]()
			}
			m.invariants()
			if err := f.apps.DeleteApp(f.ctx, m.app.ID); err != nil {
				t.Fatal(err)
			}
			if n := m.count(`select count(*) from entitlement where app_id = $1 and deleted_at is null`); n != 0 {
				t.Errorf("%d entitlements outlive their app", n)
			}
		})
	})
}

// model is one app and the identities that were ever seen in it.
type model struct {
	*rapid.T
	f            *fixture
	app          app.App
	connector    app.Connector
	types        []app.ResourceTypeID
	resources    []app.Resource
	entitlements []app.EntitlementID
}

// ok accepts success and the refusals that a caller may meet.
func (m *model) ok(err error) bool {
	if err == nil {
		return true
	}
	for _, code := range []fault.Code{fault.NotFound, fault.Exists, fault.Precondition} {
		if fault.Is(err, code) {
			return false
		}
	}
	m.Fatalf("%v", err)
	return false
}

func (m *model) name() string { return rapid.SampledFrom([]string{"a", "b", "c"}).Draw(m.T, "name") }

func pick[T any](m *model, label string, list []T) (v T) {
	if len(list) == 0 {
		return v
	}
	return rapid.SampledFrom(list).Draw(m.T, label)
}

func (m *model) makeType() {
	kind := rapid.SampledFrom([]app.ResourceKind{app.KindRole, app.KindGroup, app.KindCustom}).Draw(m.T, "kind")
	t, err := m.f.apps.CreateResourceType(m.f.ctx, app.ResourceType{AppID: m.app.ID, Kind: kind, DisplayName: m.name()})
	if m.ok(err) {
		m.types = append(m.types, t.ID)
	}
}

func (m *model) makeResource() {
	typeID := pick(m, "type", append([]app.ResourceTypeID{app.CredentialType}, m.types...))
	r, err := m.f.apps.CreateResource(m.f.ctx, app.Resource{AppID: m.app.ID, TypeID: typeID, DisplayName: m.name()})
	if m.ok(err) {
		m.resources = append(m.resources, r)
	}
}

func (m *model) makeEntitlement() {
	r := pick(m, "resource", m.resources)
	e, err := m.f.apps.CreateEntitlement(m.f.ctx,
		app.Entitlement{AppID: m.app.ID, TypeID: r.TypeID, ResourceID: r.ID, DisplayName: m.name(), Alias: m.alias()})
	if m.ok(err) {
		m.entitlements = append(m.entitlements, e.ID)
	}
}

// alias is one of few, apart from those of other runs.
func (m *model) alias() string {
	if rapid.Bool().Draw(m.T, "no alias") {
		return ""
	}
	return string(m.app.ID) + m.name()
}

func (m *model) takeAlias() {
	alias := m.alias()
	_, err := m.f.apps.UpdateEntitlement(m.f.ctx, m.app.ID, pick(m, "entitlement", m.entitlements), func(e *app.Entitlement) error {
		e.Alias = alias
		return nil
	})
	m.ok(err)
}

func (m *model) rename() {
	name := m.name()
	_, err := m.f.apps.UpdateResourceType(m.f.ctx, m.app.ID, pick(m, "type", m.types), func(t *app.ResourceType) error {
		t.DisplayName = name
		return nil
	})
	m.ok(err)
	_, err = m.f.apps.UpdateEntitlement(m.f.ctx, m.app.ID, pick(m, "entitlement", m.entitlements), func(e *app.Entitlement) error {
		e.DisplayName = name
		return nil
	})
	m.ok(err)
}

func (m *model) deleteType() {
	m.ok(m.f.apps.DeleteResourceType(m.f.ctx, m.app.ID, pick(m, "type", append([]app.ResourceTypeID{app.CredentialType}, m.types...))))
}

func (m *model) deleteResource() {
	r := pick(m, "resource", m.resources)
	m.ok(m.f.apps.DeleteResource(m.f.ctx, m.app.ID, r.TypeID, r.ID))
}

func (m *model) deleteEntitlement() {
	m.ok(m.f.apps.DeleteEntitlement(m.f.ctx, m.app.ID,
		pick(m, "entitlement", append([]app.EntitlementID{app.AccessEntitlement}, m.entitlements...))))
}

// read is a connector's reading of up to three roles.
func (m *model) read() {
	names := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3).Draw(m.T, "roles")
	m.f.write(func(tx *db.Tx) error {
		types, _, err := m.f.apps.UpsertResourceTypes(tx, m.connector.Ref(),
			[]app.SeenResourceType{{ExternalID: "role", Kind: app.KindRole, DisplayName: "Role"}})
		if err != nil {
			return err
		}
		var seen []app.SeenResource
		for i, name := range names {
			seen = append(seen, app.SeenResource{ExternalID: fmt.Sprint(i), TypeID: types["role"], DisplayName: name})
		}
		resources, _, err := m.f.apps.UpsertResources(tx, m.connector.Ref(), seen)
		if err != nil {
			return err
		}
		var members []app.SeenEntitlement
		for external, id := range resources {
			members = append(members, app.SeenEntitlement{ExternalID: external, TypeID: types["role"], ResourceID: id, DisplayName: "member"})
			m.resources = append(m.resources, app.Resource{ID: id, TypeID: types["role"]})
		}
		entitlements, _, err := m.f.apps.UpsertEntitlements(tx, m.connector.Ref(), members)
		for _, id := range entitlements {
			m.entitlements = append(m.entitlements, id)
		}
		m.types = append(m.types, types["role"])
		return err
	})
}

// gone is a reading that no longer finds a type, a resource or an entitlement.
func (m *model) gone() {
	g := app.Gone{}
	switch rapid.IntRange(0, 2).Draw(m.T, "what") {
	case 0:
		g.ResourceTypes = []app.ResourceTypeID{pick(m, "type", m.types)}
	case 1:
		g.Resources = []app.ResourceID{pick(m, "resource", m.resources).ID}
	default:
		g.Entitlements = []app.EntitlementID{pick(m, "entitlement", m.entitlements)}
	}
	m.f.write(func(tx *db.Tx) error { return m.f.apps.MarkGone(tx, m.connector.Ref(), g) })
}

func (m *model) count(sql string) (n int) {
	if err := m.f.db.Q(m.f.ctx).Row(sql, string(m.app.ID)).Scan(&n); err != nil {
		m.Fatal(err)
	}
	return n
}

func (m *model) invariants() {
	for broken, sql := range map[string]string{
		"a live resource in a type that is not live": `select count(*) from resource r where r.app_id = $1 and r.deleted_at is null and not exists
			(select 1 from resource_type t where t.app_id = r.app_id and t.id = r.resource_type_id and t.deleted_at is null)`,
		"a live entitlement of a resource that is not live, or of another type": `select count(*) from entitlement e
			where e.app_id = $1 and e.deleted_at is null and not exists (select 1 from resource r where r.app_id = e.app_id
			and r.id = e.resource_id and r.resource_type_id = e.resource_type_id and r.deleted_at is null)`,
		"two live types of one kind": `select count(*) from resource_type a join resource_type b on b.app_id = a.app_id and b.kind = a.kind
			and b.id > a.id and b.deleted_at is null where a.app_id = $1 and a.deleted_at is null and a.kind <> 'CUSTOM'`,
		"two live entitlements of one alias": `select count(*) from entitlement a join entitlement b on b.alias = a.alias and b.id > a.id
			and b.deleted_at is null where a.app_id = $1 and a.deleted_at is null and a.alias <> ''`,
		"a change without an event": `select count(*) from entitlement e where e.app_id = $1 and not e.builtin and e.connector_id is null
			and not exists (select 1 from event v where v.object_id = e.id and v.kind = 'entitlement.created')`,
	} {
		if n := m.count(sql); n != 0 {
			m.Errorf("%s: %d", broken, n)
		}
	}
	if n := m.count(`select count(*) from entitlement where app_id = $1 and builtin and deleted_at is null`); n != 1 {
		m.Errorf("%d built-in entitlements", n)
	}
}
