package interim

import (
	"context"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/webhook"
)

// webhookDeliveries serves interim.v1.WebhookDeliveries.
type webhookDeliveries struct {
	interimv1.UnimplementedWebhookDeliveriesServer
	*c1.Deps
}

// List lists the messages to a webhook, newest first.
func (s webhookDeliveries) List(
	ctx context.Context, r *interimv1.ListWebhookDeliveriesRequest,
) (*interimv1.ListWebhookDeliveriesResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	webhookID, err := c1.FilterID[webhook.ID]("webhookId", r.GetWebhookId())
	if err != nil {
		return nil, err
	}
	p, err := s.Page(r)
	if err != nil {
		return nil, err
	}
	found, err := s.Webhooks.Deliveries(ctx, webhookID, p.Request)
	if err != nil {
		return nil, err
	}
	out := &interimv1.ListWebhookDeliveriesResponse{NextPageToken: p.Token(found.Next)}
	for _, d := range found.Items {
		out.List = append(out.List, &interimv1.WebhookDelivery{
			Id: c1.KSUID(d.ID), WebhookId: c1.KSUID(d.Webhook), Event: string(d.Event), State: string(d.State), Attempts: int32(d.Attempts),
			LastError: d.LastError, Verdict: string(d.Verdict), CreatedAt: c1.Moment(d.CreatedAt), LastAttemptAt: c1.Moment(d.LastAttemptAt),
			ExpiresAt: c1.Moment(d.ExpiresAt), DoneAt: c1.Moment(d.DoneAt),
		})
	}
	return out, nil
}
