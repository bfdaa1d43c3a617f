package c1

import (
	"google.golang.org/grpc"

	systemlogv1 "github.com/interim-access/interim/gen/c1/api/systemlog/v1"
	userv1 "github.com/interim-access/interim/gen/c1/api/user/v1"
)

// registerUsers puts on r the users and the system log.
func (d *Deps) registerUsers(r grpc.ServiceRegistrar) {
	userv1.RegisterUserServiceServer(r, users{Deps: d})
	userv1.RegisterUserSearchServer(r, users{Deps: d})
	systemlogv1.RegisterSystemLogServiceServer(r, systemLog{Deps: d})
}
