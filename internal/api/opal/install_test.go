package opal_test

import (
	"log/slog"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/interim-access/interim/internal/api/opal"
	"github.com/interim-access/interim/internal/connect"                 //nolint:depguard // as the server does, the test builds everything
	callout "github.com/interim-access/interim/internal/connect/webhook" //nolint:depguard // the same
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/contact"
	"github.com/interim-access/interim/internal/govern/delegation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/group"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/govern/request"
	"github.com/interim-access/interim/internal/govern/stream"
	"github.com/interim-access/interim/internal/govern/sync"
	"github.com/interim-access/interim/internal/govern/tag"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
	"github.com/interim-access/interim/internal/platform/seal"
)

// install builds the features on an empty database, as the server does, without targets.
func install(t testing.TB, engine *db.DB, c *clock.Fake) *opal.Deps {
	t.Helper()
	quiet, box := slog.New(slog.DiscardHandler), seal.New([32]byte{1})
	log := audit.New(engine, c)
	d := &opal.Deps{DB: engine, Clock: c, Tokens: page.NewTokens(make([]byte, 32)), Audit: log, Read: read.New(engine, c)}
	d.Directory = directory.New(engine, c, log)
	var err error
	d.IAM, err = iam.New(t.Context(), iam.Options{
		DB: engine, Clock: c, Audit: log, Settings: iam.NewSettings(engine, c, box), Host: "interim.example.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.IAM.Close)
	d.Apps = app.New(engine, c, log)
	targets := connect.NewRegistry(sync.Opener(box))
	t.Cleanup(targets.Close)
	operations := provision.New(provision.Deps{DB: engine, Clock: c, Log: quiet, Targets: targets, Registerer: prometheus.NewRegistry()})
	d.Grants = grant.New(grant.Deps{
		DB: engine, Clock: c, Audit: log, Apps: d.Apps, Provision: operations, Registerer: prometheus.NewRegistry(),
	})
	d.Owners = owner.New(owner.Deps{DB: engine, Clock: c, Audit: log})
	d.Delegations = delegation.New(delegation.Deps{DB: engine, Clock: c, Audit: log})
	if d.Policies, err = policy.New(policy.Deps{DB: engine, Clock: c, Audit: log, Owners: d.Owners}); err != nil {
		t.Fatal(err)
	}
	d.Catalogs = catalog.New(catalog.Deps{DB: engine, Clock: c, Audit: log, Apps: d.Apps, Policies: d.Policies})
	d.Apps.Consult(d.Policies)
	d.Apps.Offer(d.Catalogs)
	if err := d.Policies.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.Streams = stream.New(stream.Deps{
		DB: engine, Clock: c, Log: quiet, Audit: log, Box: box, Sender: callout.New(callout.Options{}), Registerer: prometheus.NewRegistry(),
	})
	t.Cleanup(d.Streams.Close)
	d.Tags = tag.New(tag.Deps{DB: engine, Clock: c, Audit: log})
	d.Contacts = contact.New(contact.Deps{DB: engine, Clock: c, Audit: log})
	d.Automations = automation.New(automation.Deps{DB: engine, Clock: c, Audit: log, Grants: d.Grants, Policies: d.Policies})
	t.Cleanup(d.Automations.Close)
	d.Items = item.New(item.Deps{DB: engine, Clock: c, Audit: log, Apps: d.Apps, Owners: d.Owners, Contacts: d.Contacts, Bindings: d.Automations})
	d.Groups = group.New(group.Deps{DB: engine, Clock: c, Audit: log, Grants: d.Grants, Items: d.Items, Bindings: d.Automations})
	t.Cleanup(d.Groups.Close)
	d.Grants.Watch(d.Groups)
	d.Apps.TellResources(d.Groups)
	d.Tasks = task.New(task.Deps{
		DB: engine, Clock: c, Log: quiet, Audit: log, Grants: d.Grants, Owners: d.Owners, Delegations: d.Delegations,
		Policies: d.Policies, Items: d.Items, Offers: item.Offers{Service: d.Catalogs}, Redirects: d.Groups, Bindings: d.Automations,
	})
	d.Requests = request.New(request.Deps{DB: engine, Tasks: d.Tasks})
	d.IAM.Relate(d.Tasks.Relate(d.Owners))
	d.IAM.Empower(item.Powers{})
	d.Apps.TellCreated(d.Owners)
	for _, n := range []directory.Notice{d.IAM, d.Grants, d.Delegations, d.Tasks} {
		d.Directory.Tell(n)
	}
	d.Directory.Tell(d.Tags)
	d.Directory.TellChanged(d.Automations)
	d.Directory.TellCreated(d.Automations)
	d.Grants.Watch(d.Automations)
	d.Tags.Tell(d.Automations)
	d.Apps.TellResources(d.Tags)
	d.Directory.Tell(d.Contacts)
	d.Apps.TellResources(d.Contacts)
	d.Apps.TellResources(d.Items)
	d.Apps.Tell(d.Grants)
	d.Apps.Tell(d.Tasks)
	d.Grants.Tell(d.Tasks)
	d.Delegations.Tell(d.Tasks)
	d.Owners.Tell(d.Tasks)
	operations.Tell(d.Grants)
	return d
}

// interim makes the app that is Interim itself, as the first start does.
func (d *door) interim() string {
	d.Helper()
	err := d.DB.Write(d.Context(), func(tx *db.Tx) error {
		_, err := d.Apps.EnsureApp(tx, audit.System(), app.App{ID: app.Own, DisplayName: "Interim"})
		return err
	})
	if err != nil {
		d.Fatal(err)
	}
	d.names[string(app.Own)] = "interim"
	return string(app.Own)
}
