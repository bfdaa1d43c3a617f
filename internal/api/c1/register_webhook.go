package c1

import (
	"google.golang.org/grpc"

	webhooksv1 "github.com/interim-access/interim/gen/c1/api/webhooks/v1"
)

// registerWebhooks puts the webhooks on r.
func (d *Deps) registerWebhooks(r grpc.ServiceRegistrar) {
	webhooksv1.RegisterWebhooksServiceServer(r, webhooks{Deps: d})
	webhooksv1.RegisterWebhooksSearchServer(r, webhookSearch{Deps: d})
}
