package opal

import (
	"log/slog"

	"google.golang.org/grpc"

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
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/govern/request"
	"github.com/interim-access/interim/internal/govern/stream"
	"github.com/interim-access/interim/internal/govern/tag"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// Deps is what the handlers stand on. Nothing in it changes after start-up.
type Deps struct {
	DB     *db.DB
	Clock  clock.Clock
	Log    *slog.Logger
	Tokens *page.Tokens

	// Interceptors judge, measure and limit every operation, the outermost first; the same as those of the other doors.
	Interceptors []grpc.UnaryServerInterceptor

	Audit       *audit.Log
	Directory   *directory.Service
	IAM         *iam.Service
	Apps        *app.Service
	Grants      *grant.Service
	Owners      *owner.Service
	Read        *read.Service
	Delegations *delegation.Service
	Policies    *policy.Service
	Catalogs    *catalog.Service
	Automations *automation.Service
	Items       *item.Service
	Contacts    *contact.Service
	Groups      *group.Service
	Tags        *tag.Service
	Streams     *stream.Service
	Tasks       *task.Service
	Requests    *request.Service
}
