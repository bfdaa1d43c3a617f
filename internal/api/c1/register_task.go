package c1

import (
	"google.golang.org/grpc"

	taskv1 "github.com/interim-access/interim/gen/c1/api/task/v1"
)

// registerTasks puts the tasks on r.
func (d *Deps) registerTasks(r grpc.ServiceRegistrar) {
	taskv1.RegisterTaskServiceServer(r, tasks{Deps: d})
	taskv1.RegisterTaskActionsServiceServer(r, taskActions{Deps: d})
	taskv1.RegisterTaskAuditServer(r, taskAudit{Deps: d})
	taskv1.RegisterTaskSearchServiceServer(r, taskSearch{Deps: d})
}
