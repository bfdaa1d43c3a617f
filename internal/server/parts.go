package server

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/interim-access/interim/internal/connect"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/attribute"
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
	"github.com/interim-access/interim/internal/govern/notify"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/govern/request"
	"github.com/interim-access/interim/internal/govern/stream"
	"github.com/interim-access/interim/internal/govern/sync"
	"github.com/interim-access/interim/internal/govern/tag"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
	"github.com/interim-access/interim/internal/platform/page"
)

// parts are the features, built on one database.
type parts struct {
	*data

	log      *slog.Logger
	url      string // https://host:port that clients use
	tenant   string
	version  string
	metrics  *prometheus.Registry
	settings *iam.Settings
	tokens   *page.Tokens

	audit     *audit.Log
	directory *directory.Service
	iam       *iam.Service
	webhooks  *webhook.Service
	streams   *stream.Service
	notify    *notify.Service
	apps      *app.Service
	targets   *connect.Registry
	provision *provision.Service
	grants    *grant.Service
	sync      *sync.Service
	owners    *owner.Service
	read      *read.Service
	due       *due.Loop

	delegations *delegation.Service
	policies    *policy.Service
	catalogs    *catalog.Service
	attributes  *attribute.Service
	tags        *tag.Service
	contacts    *contact.Service
	automations *automation.Service
	items       *item.Service
	groups      *group.Service
	tasks       *task.Service
	requests    *request.Service
}

// build makes the features and introduces them to each other.
func build(ctx context.Context, d *data, o Options, public string) (*parts, error) {
	p := &parts{
		data: d, log: o.Log, url: "https://" + public, version: o.Version, metrics: prometheus.NewRegistry(),
		settings: iam.NewSettings(d.db, d.clock, d.box), audit: audit.New(d.db, d.clock),
	}
	p.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err := p.identity(ctx); err != nil {
		return nil, err
	}
	var err error
	p.iam, err = iam.New(ctx, iam.Options{
		DB: d.db, Clock: d.clock, Log: o.Log, Audit: p.audit, Settings: p.settings, Host: public,
	})
	if err != nil {
		return nil, err
	}
	p.directory = directory.New(d.db, d.clock, p.audit)
	if err := p.telling(ctx, o); err != nil {
		return nil, err
	}
	p.apps = app.New(d.db, d.clock, p.audit)
	p.tags = tag.New(tag.Deps{DB: d.db, Clock: d.clock, Audit: p.audit})
	p.contacts = contact.New(contact.Deps{DB: d.db, Clock: d.clock, Audit: p.audit})
	p.attributes = attribute.New(attribute.Deps{DB: d.db, Clock: d.clock, Audit: p.audit, Uses: p.apps})
	p.read = read.New(d.db, d.clock)
	p.targets = connect.NewRegistry(sync.Opener(d.box))
	p.provision = provision.New(provision.Deps{DB: d.db, Clock: d.clock, Log: o.Log, Targets: p.targets, Registerer: p.metrics})
	p.grants = grant.New(grant.Deps{
		DB: d.db, Clock: d.clock, Audit: p.audit, Apps: p.apps, Provision: p.provision, Notices: p.notify, Registerer: p.metrics,
	})
	p.sync = sync.New(sync.Deps{
		DB: d.db, Clock: d.clock, Log: o.Log, Audit: p.audit, Apps: p.apps, Grants: p.grants, Sources: p.targets, Box: d.box,
		Registerer: p.metrics,
	})

	p.owners = owner.New(owner.Deps{DB: d.db, Clock: d.clock, Audit: p.audit})
	p.delegations = delegation.New(delegation.Deps{DB: d.db, Clock: d.clock, Audit: p.audit, Notify: p.notify})
	if p.policies, err = policy.New(policy.Deps{DB: d.db, Clock: d.clock, Audit: p.audit, Owners: p.owners}); err != nil {
		return nil, err
	}
	p.automations = automation.New(automation.Deps{DB: d.db, Clock: d.clock, Audit: p.audit, Grants: p.grants, Policies: p.policies})
	p.apps.Consult(p.policies)
	p.catalogs = catalog.New(catalog.Deps{
		DB: d.db, Clock: d.clock, Audit: p.audit, Apps: p.apps, Policies: p.policies, Rules: p.automations,
		Values: p.policies,
	})
	p.apps.Offer(p.catalogs)
	if err := p.policies.Ensure(ctx); err != nil {
		return nil, err
	}

	p.items = item.New(item.Deps{
		DB: d.db, Clock: d.clock, Audit: p.audit, Apps: p.apps, Owners: p.owners, Contacts: p.contacts, Bindings: p.automations,
	})
	p.groups = group.New(group.Deps{DB: d.db, Clock: d.clock, Audit: p.audit, Grants: p.grants, Items: p.items, Bindings: p.automations})
	p.tasks = task.New(task.Deps{
		DB: d.db, Clock: d.clock, Log: o.Log, Audit: p.audit, Grants: p.grants, Owners: p.owners, Delegations: p.delegations,
		Policies: p.policies, Items: p.items, Offers: item.Offers{Service: p.catalogs}, Redirects: p.groups, Bindings: p.automations,
		Webhooks: p.webhooks, Notices: p.notify, Registerer: p.metrics,
	})
	p.requests = request.New(request.Deps{DB: d.db, Tasks: p.tasks})
	p.introduce()

	if err := p.recover(ctx); err != nil {
		return nil, err
	}
	sources := slices.Concat(p.provision.Sources(), p.webhooks.Sources(), p.notify.Sources(), p.grants.Enders(),
		p.grants.Warners(o.Config.EndsSoonBefore()))
	p.due = due.New(due.Options{
		Clock: d.clock, Log: o.Log, DB: d.db, Registerer: p.metrics,
		Sources: append(sources, p.tasks.Due(), p.items.Follower(), p.automations.Keeper(), p.automations.OnCall(), p.groups.Porter(),
			p.delegations.Ender(),
			p.sync.Planned(), p.iam.Pruner(), p.streams.Source()),
	})
	return p, nil
}

// introduce tells the features who wants to hear of what they do. Who is told first is in the order of the lines.
func (p *parts) introduce() {
	p.iam.Relate(p.tasks.Relate(p.owners))
	p.iam.TellSupers(p.tasks)
	p.iam.Empower(item.Powers{})
	p.apps.TellCreated(p.owners)
	p.directory.TellCreated(p.iam)
	p.directory.Tell(p.iam)
	p.directory.Tell(p.grants)
	p.directory.Tell(p.notify)
	p.directory.Tell(p.delegations)
	p.directory.Tell(p.tasks)
	p.directory.Tell(p.tags)
	p.apps.TellResources(p.tags)
	p.directory.Tell(p.contacts)
	p.apps.TellResources(p.contacts)
	p.apps.TellResources(p.items)
	p.apps.Tell(p.grants)
	p.apps.Tell(p.tasks)
	p.apps.Tell(p.catalogs)
	p.grants.Tell(p.tasks)
	p.grants.Watch(p.automations)
	p.automations.Consult(p.tasks)
	p.grants.Watch(p.groups)
	p.apps.TellResources(p.groups)
	p.grants.TellHolders(p.tasks)
	p.directory.TellChanged(p.automations)
	p.directory.TellStanding(p.tasks)
	p.directory.TellCreated(p.automations)
	p.apps.TellAccounts(p.automations)
	p.tags.Tell(p.automations)
	p.delegations.Tell(p.tasks)
	p.owners.Tell(p.tasks)
	p.webhooks.Tell(p.tasks)
	p.webhooks.Speak(p.deps())
	p.provision.Tell(p.grants)
}

// recover takes up what a process that died left under way. Of a SQLite database that process was the only one; on PostgreSQL others
// may be at work, and what a dead one held becomes due when its lease runs out.
func (p *parts) recover(ctx context.Context) error {
	if p.db.Engine() != db.SQLite {
		return nil
	}
	for _, takeUp := range []func(context.Context) error{p.provision.Recover, p.webhooks.Recover, p.streams.Recover, p.notify.Recover} {
		if err := takeUp(ctx); err != nil {
			return err
		}
	}
	return p.sync.Recover(ctx)
}

// identity reads who this installation is and the key its page tokens are signed with; first start makes both.
func (p *parts) identity(ctx context.Context) error {
	tenant, err := p.settings.Ensure(ctx, "tenant", func() ([]byte, error) { return []byte(id.New(p.clock.Now())), nil })
	if err != nil {
		return p.locked(err)
	}
	key, err := p.settings.Ensure(ctx, "page-token key", func() ([]byte, error) {
		key := make([]byte, 32)
		_, err := rand.Read(key)
		return key, err
	})
	p.tenant, p.tokens = string(tenant), page.NewTokens(key)
	return err
}

// locked says in an operator's words that the key is not the one the data was sealed with.
func (p *parts) locked(err error) error {
	return fault.Wrap(fault.Unavailable, err, "the key does not open this data: INTERIM_KEY or the key file is not that of the first start")
}

func (p *parts) close() {
	p.sync.Close()
	p.automations.Close()
	p.groups.Close()
	p.webhooks.Close()
	p.streams.Close()
	p.notify.Close()
	p.iam.Close()
	p.targets.Close()
}

// ready reports whether requests can be served.
func (p *parts) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := p.db.Ping(ctx); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}

func shownID[T ~string](v T) string { return id.KSUID(string(v)) }
