package matrix_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/delegation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
)

// house is the services over one database, wired as the server wires them. Cases follow each other in it, each on a later day, with
// people and an app of its own.
type house struct {
	*granttest.House

	owners      *owner.Service
	delegations *delegation.Service
	policies    *policy.Service
	catalogs    *catalog.Service
	tasks       *task.Service
	sources     []due.Source
	crowd       []directory.UserID // who fills groups
	cases       int
}

func openHouse(t *testing.T, d *db.DB) *house {
	t.Helper()
	h := &house{House: granttest.New(t, d)}
	h.owners = owner.New(owner.Deps{DB: d, Clock: h.Clock, Audit: h.Audit})
	h.delegations = delegation.New(delegation.Deps{DB: d, Clock: h.Clock, Audit: h.Audit})
	var err error
	if h.policies, err = policy.New(policy.Deps{DB: d, Clock: h.Clock, Audit: h.Audit, Owners: h.owners}); err != nil {
		t.Fatal(err)
	}
	if err := h.policies.Ensure(h.Ctx); err != nil {
		t.Fatal(err)
	}
	h.Apps.Consult(h.policies)
	h.catalogs = catalog.New(catalog.Deps{DB: d, Clock: h.Clock, Audit: h.Audit, Apps: h.Apps, Policies: h.policies})
	h.tasks = task.New(task.Deps{
		DB: d, Clock: h.Clock, Audit: h.Audit, Grants: h.Grants, Owners: h.owners, Delegations: h.delegations, Policies: h.policies,
		Offers: item.Offers{Service: h.catalogs},
	})
	h.Directory.Tell(h.delegations)
	h.Directory.Tell(h.tasks)
	h.Apps.Tell(h.tasks)
	h.Grants.Tell(h.tasks)
	h.Grants.TellHolders(h.tasks)
	h.Directory.TellStanding(h.tasks)
	h.delegations.Tell(h.tasks)
	h.owners.Tell(h.tasks)
	h.sources = append(slices.Concat(h.Provision.Sources(), h.Grants.Enders()), h.tasks.Due(), h.delegations.Ender())
	return h
}

// office is the world of one case.
type office struct {
	*house
	*testing.T

	ctx      context.Context // an administrator's, who prepares what a case needs
	began    time.Time       // noon of a day
	staff    map[string]directory.UserID
	admins   map[string]bool
	names    map[directory.UserID]string
	app      app.App
	of       app.Entitlement
	resource app.Resource
	groups   map[string]app.Entitlement
	policies map[string]policy.ID
	tasks    map[string]*followed
	last     string // the task that acts are about
}

func (o *office) ok(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

// furnish makes the office of a case.
func furnish(t *testing.T, h *house, w world) *office {
	t.Helper()
	h.cases++
	const day = 24 * time.Hour
	h.Clock.Set(h.Clock.Now().Truncate(day).Add(day + day/2))
	o := &office{
		house: h, T: t, began: h.Clock.Now(), staff: map[string]directory.UserID{}, admins: map[string]bool{},
		names: map[directory.UserID]string{}, groups: map[string]app.Entitlement{}, policies: map[string]policy.ID{}, tasks: map[string]*followed{},
	}
	o.ctx = audit.With(t.Context(), audit.Actor{Kind: audit.KindUser, UserID: "facilities", Name: "Facilities"})
	var err error
	o.app, err = h.Apps.CreateApp(o.ctx, app.App{DisplayName: fmt.Sprintf("App %d", h.cases)})
	o.ok(err)
	t.Cleanup(o.leave)
	kind, err := h.Apps.CreateResourceType(o.ctx, app.ResourceType{AppID: o.app.ID, DisplayName: "Role", Kind: app.KindRole})
	o.ok(err)
	o.resource, err = h.Apps.CreateResource(o.ctx, app.Resource{AppID: o.app.ID, TypeID: kind.ID, DisplayName: "Editors"})
	o.ok(err)
	for name := range w.People {
		o.hire(name)
	}
	for name, p := range w.People {
		o.person(name, p)
	}
	o.of = o.entitlement("what is asked for", w.Entitlement)
	for name := range w.Groups {
		o.groups[name] = o.entitlement(name, entitlement{})
	}
	o.become(world{Groups: w.Groups, Owners: w.Owners, Policies: w.Policies, Delegations: w.Delegations})
	o.waits(w.Waits)
	return o
}

func (o *office) entitlement(name string, e entitlement) app.Entitlement {
	o.Helper()
	made, err := o.Apps.CreateEntitlement(o.ctx, app.Entitlement{
		AppID: o.app.ID, TypeID: o.resource.TypeID, ResourceID: o.resource.ID, DisplayName: name, Slug: fmt.Sprintf("slug%d", len(o.groups)),
		Purpose: app.PurposeAssignment, MaxGrant: e.Longest.span, Emergency: app.Emergency{EmergencyGrantEnabled: e.Emergency},
	})
	o.ok(err)
	return made
}

func (o *office) hire(name string) {
	o.Helper()
	u, err := o.Directory.Create(o.ctx, directory.User{DisplayName: name, Email: fmt.Sprintf("%s.%d@example.com", name, o.cases)})
	o.ok(err)
	o.staff[name], o.names[u.ID] = u.ID, name
}

// leave ends everything of a case, so that the next begins with nobody who decides everything and nothing that falls due.
func (o *office) leave() {
	ctx := context.WithoutCancel(o.ctx)
	err := o.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`delete from user_role where role_id = $1`, string(iam.BuiltinID(iam.SuperAdministrator)))
		return err
	})
	if err == nil {
		err = o.Apps.DeleteApp(ctx, o.app.ID)
	}
	if err != nil {
		o.Error(err)
	}
}

// become changes the office to what w says of it.
func (o *office) become(w world) {
	o.Helper()
	for name, p := range w.People {
		o.person(name, p)
	}
	for name, g := range w.Groups {
		o.group(name, g)
	}
	for kind, owners := range w.Owners {
		o.owned(kind, owners)
	}
	for name := range w.Policies {
		if _, made := o.policies[name]; made {
			o.rewrite(name, w.Policies[name])
		} else {
			o.policy(name, w.Policies)
		}
	}
	for _, d := range w.Delegations {
		o.delegate(d)
	}
	if w.Waits.set {
		o.waits(w.Waits)
	}
}

func (o *office) waits(longest moment) {
	o.Helper()
	_, err := o.catalogs.SetRequestSettings(o.ctx, func(v *catalog.RequestSettings) { v.MaxWait = longest.span })
	o.ok(err)
}

func (o *office) person(name string, p person) {
	o.Helper()
	u := o.user(name)
	if p.Managers != nil || p.Department != "" {
		_, err := o.Directory.Update(o.ctx, u, func(u *directory.User) error {
			u.ManagerIDs, u.Department = o.users(p.Managers), p.Department
			return nil
		})
		o.ok(err)
	}
	var err error
	switch p.Status {
	case "":
	case "disabled":
		_, err = o.Directory.Disable(o.ctx, u, "")
	case "enabled":
		_, err = o.Directory.Enable(o.ctx, u, "")
	case "deleted":
		_, err = o.Directory.Delete(o.ctx, u, "")
	default:
		o.Fatalf("%s: status %q", name, p.Status)
	}
	o.ok(err)
	if p.Admin && !o.admins[name] {
		o.admins[name] = true
		o.ok(o.DB.Write(o.ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`insert into user_role (user_id, role_id, created_at) values ($1, $2, 0)`, string(u),
				string(iam.BuiltinID(iam.SuperAdministrator)))
			return err
		}))
	}
}

func (o *office) user(name string) directory.UserID {
	o.Helper()
	u, ok := o.staff[name]
	if !ok {
		o.Fatalf("nobody is called %q", name)
	}
	return u
}

func (o *office) users(names []string) []directory.UserID {
	o.Helper()
	var list []directory.UserID
	for _, n := range names {
		list = append(list, o.user(n))
	}
	return list
}

func (o *office) refs(groups []string) []app.EntitlementRef {
	o.Helper()
	var list []app.EntitlementRef
	for _, g := range groups {
		e, ok := o.groups[g]
		if !ok {
			o.Fatalf("no group is called %q", g)
		}
		list = append(list, e.Ref())
	}
	return list
}

// as is a context in which somebody acts.
func (o *office) as(name string) context.Context {
	o.Helper()
	u := o.user(name)
	ctx := iam.WithPrincipal(o.Context(), &iam.Principal{UserID: u, Name: name, SuperAdmin: o.admins[name]})
	return audit.With(ctx, audit.Actor{Kind: audit.KindUser, UserID: string(u), Name: name})
}
