package c1

import (
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/attribute"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/contact"
	"github.com/interim-access/interim/internal/govern/delegation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/notify"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/govern/sync"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// Deps is what the handlers stand on. One value serves all of them; nothing in
// it changes after start-up.
type Deps struct {
	DB     *db.DB
	Clock  clock.Clock
	Tokens *page.Tokens

	Audit     *audit.Log
	Directory *directory.Service
	Webhooks  *webhook.Service
	Notify    *notify.Service
	IAM       *iam.Service
	Apps      *app.Service
	Provision *provision.Service
	Grants    *grant.Service
	Sync      *sync.Service
	Owners    *owner.Service
	Read      *read.Service

	Delegations *delegation.Service
	Policies    *policy.Service
	Catalogs    *catalog.Service
	Attributes  *attribute.Service
	Automations *automation.Service
	Contacts    *contact.Service
	Tasks       *task.Service

	PublicURL string // https://host[:port] that clients use, without a slash at the end
	TenantID  string // UUID of this installation
}
