package c1

import (
	"context"

	webhooksv1 "github.com/interim-access/interim/gen/c1/api/webhooks/v1"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/page"
)

// webhooks serves c1.api.webhooks.v1.WebhooksService.
type webhooks struct {
	webhooksv1.UnimplementedWebhooksServiceServer
	*Deps
}

// webhookSearch serves c1.api.webhooks.v1.WebhooksSearch.
type webhookSearch struct {
	webhooksv1.UnimplementedWebhooksSearchServer
	*Deps
}

// List lists the live webhooks.
func (s webhooks) List(ctx context.Context, r *webhooksv1.WebhooksServiceListRequest) (*webhooksv1.WebhooksServiceListResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	p, err := s.Page(r)
	if err != nil {
		return nil, err
	}
	found, err := s.Webhooks.List(ctx, webhook.Filter{}, p.Request)
	if err != nil {
		return nil, err
	}
	return &webhooksv1.WebhooksServiceListResponse{List: encodeWebhooks(found), NextPageToken: p.Token(found.Next)}, nil
}

// Search lists the live webhooks that match.
func (s webhookSearch) Search(ctx context.Context, r *webhooksv1.WebhooksSearchRequest) (*webhooksv1.WebhooksSearchResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	if err := CheckText("query", r.GetQuery(), MaxQuery); err != nil {
		return nil, err
	}
	refs := make([]string, len(r.GetRefs()))
	for i, ref := range r.GetRefs() {
		refs[i] = ref.GetId()
	}
	ids, err := FilterIDs[webhook.ID]("refs", refs)
	if err != nil {
		return nil, err
	}
	p, err := s.Page(r)
	if err != nil {
		return nil, err
	}
	found, err := s.Webhooks.List(ctx, webhook.Filter{IDs: ids, Query: r.GetQuery()}, p.Request)
	if err != nil {
		return nil, err
	}
	return &webhooksv1.WebhooksSearchResponse{List: encodeWebhooks(found), NextPageToken: p.Token(found.Next)}, nil
}

// Create makes a webhook; see [webhook.Service.Create].
func (s webhooks) Create(
	ctx context.Context, r *webhooksv1.WebhooksServiceCreateRequest,
) (*webhooksv1.WebhooksServiceCreateResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	timeout, err := callbackTimeout("callbackTimeout", r.GetCallbackTimeout())
	if err != nil {
		return nil, err
	}
	w, err := s.Webhooks.Create(ctx, webhook.Webhook{
		URL: r.GetUrl(), DisplayName: r.GetDisplayName(), Description: r.GetDescription(), CallbackTimeout: timeout,
	})
	if err != nil {
		return nil, err
	}
	return &webhooksv1.WebhooksServiceCreateResponse{Webhook: encodeWebhook(w)}, nil
}

// Get reads a webhook.
func (s webhooks) Get(ctx context.Context, r *webhooksv1.WebhooksServiceGetRequest) (*webhooksv1.WebhooksServiceGetResponse, error) {
	webhookID, err := reachedWebhook(ctx, "id", r.GetId())
	if err != nil {
		return nil, err
	}
	w, err := s.Webhooks.Get(ctx, webhookID)
	if err != nil {
		return nil, err
	}
	return &webhooksv1.WebhooksServiceGetResponse{Webhook: encodeWebhook(w)}, nil
}

// Update writes what the mask names; see [webhook.Service.Update].
func (s webhooks) Update(
	ctx context.Context, r *webhooksv1.WebhooksServiceUpdateRequest,
) (*webhooksv1.WebhooksServiceUpdateResponse, error) {
	webhookID, err := reachedWebhook(ctx, "webhook.id", r.GetWebhook().GetId())
	if err != nil {
		return nil, err
	}
	m, err := UpdateMask("webhook", r.GetWebhook(), r.GetUpdateMask())
	if err != nil {
		return nil, err
	}
	timeout, err := callbackTimeout("webhook.callbackTimeout", r.GetWebhook().GetCallbackTimeout())
	if m["callback_timeout"] && err != nil {
		return nil, err
	}
	w, err := s.Webhooks.Update(ctx, webhookID, func(w *webhook.Webhook) {
		Set(m, "url", &w.URL, r.GetWebhook().GetUrl())
		Set(m, "display_name", &w.DisplayName, r.GetWebhook().GetDisplayName())
		Set(m, "description", &w.Description, r.GetWebhook().GetDescription())
		Set(m, "callback_timeout", &w.CallbackTimeout, timeout)
	})
	if err != nil {
		return nil, err
	}
	return &webhooksv1.WebhooksServiceUpdateResponse{Webhook: encodeWebhook(w)}, nil
}

// Delete deletes a webhook; see [webhook.Service.Delete].
func (s webhooks) Delete(
	ctx context.Context, r *webhooksv1.WebhooksServiceDeleteRequest,
) (*webhooksv1.WebhooksServiceDeleteResponse, error) {
	webhookID, err := reachedWebhook(ctx, "id", r.GetId())
	if err != nil {
		return nil, err
	}
	if _, err := s.Webhooks.Delete(ctx, webhookID); err != nil {
		return nil, err
	}
	return &webhooksv1.WebhooksServiceDeleteResponse{}, nil
}

// Test sends a test; see [webhook.Service.Test].
func (s webhooks) Test(ctx context.Context, r *webhooksv1.WebhooksServiceTestRequest) (*webhooksv1.WebhooksServiceTestResponse, error) {
	webhookID, err := reachedWebhook(ctx, "id", r.GetId())
	if err != nil {
		return nil, err
	}
	w, err := s.Webhooks.Get(ctx, webhookID)
	if err != nil {
		return nil, err
	}
	d, err := s.Webhooks.Test(ctx, webhookID)
	if err != nil {
		return nil, err
	}
	return &webhooksv1.WebhooksServiceTestResponse{Webhook: encodeDelivery(d, w)}, nil
}

// reachedWebhook reads which webhook is meant. A webhook belongs to nobody: it takes a permission for all.
func reachedWebhook(ctx context.Context, field, ksuid string) (webhook.ID, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return "", err
	}
	return ID[webhook.ID](field, "webhook", ksuid)
}

func encodeWebhooks(found page.Page[webhook.Webhook]) []*webhooksv1.Webhook {
	out := make([]*webhooksv1.Webhook, len(found.Items))
	for i, w := range found.Items {
		out[i] = encodeWebhook(w)
	}
	return out
}
