package interim

import (
	"context"

	"google.golang.org/grpc"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/notify"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/fault"
)

// notifications serves interim.v1.Notifications.
type notifications struct {
	interimv1.UnimplementedNotificationsServer
	*c1.Deps
}

// registerNotifications puts on r what people are told and what became of messages to webhooks.
func registerNotifications(r grpc.ServiceRegistrar, d *c1.Deps) {
	interimv1.RegisterNotificationsServer(r, notifications{Deps: d})
	interimv1.RegisterWebhookDeliveriesServer(r, webhookDeliveries{Deps: d})
}

// GetSettings reads what a person chose.
func (s notifications) GetSettings(
	ctx context.Context, r *interimv1.GetNotificationSettingsRequest,
) (*interimv1.NotificationSettingsResponse, error) {
	u, err := reachedUser(ctx, r.GetUserId())
	if err != nil {
		return nil, err
	}
	v, err := s.Notify.Settings(ctx, u)
	if err != nil {
		return nil, err
	}
	return &interimv1.NotificationSettingsResponse{Settings: encodeSettings(v)}, nil
}

// UpdateSettings changes what a person is told; see [notify.Service.UpdateSettings].
func (s notifications) UpdateSettings(
	ctx context.Context, r *interimv1.UpdateNotificationSettingsRequest,
) (*interimv1.NotificationSettingsResponse, error) {
	u, err := reachedUser(ctx, r.GetUserId())
	if err != nil {
		return nil, err
	}
	m, err := c1.UpdateMask("settings", r.GetSettings(), r.GetUpdateMask())
	if err != nil {
		return nil, err
	}
	channel, err := c1.EnumName[notify.Channel]("settings.channel", channelPrefix, r.GetSettings().GetChannel())
	if err != nil {
		return nil, err
	}
	off, err := c1.EnumNames[notify.Kind]("settings.off", kindPrefix, r.GetSettings().GetOff())
	if err != nil {
		return nil, err
	}
	v, err := s.Notify.UpdateSettings(ctx, u, func(v *notify.Settings) {
		c1.Set(m, "channel", &v.Channel, channel)
		c1.Set(m, "off", &v.Off, off)
	})
	if err != nil {
		return nil, err
	}
	return &interimv1.NotificationSettingsResponse{Settings: encodeSettings(v)}, nil
}

// GetDefaults reads what holds for who chose nothing.
func (s notifications) GetDefaults(
	ctx context.Context, _ *interimv1.GetNotificationDefaultsRequest,
) (*interimv1.NotificationDefaultsResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	d, err := s.Notify.Defaults(ctx)
	if err != nil {
		return nil, err
	}
	return &interimv1.NotificationDefaultsResponse{Defaults: encodeDefaults(d)}, nil
}

// UpdateDefaults changes what holds for who chose nothing; see [notify.Service.UpdateDefaults].
func (s notifications) UpdateDefaults(
	ctx context.Context, r *interimv1.UpdateNotificationDefaultsRequest,
) (*interimv1.NotificationDefaultsResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	m, err := c1.UpdateMask("defaults", r.GetDefaults(), r.GetUpdateMask())
	if err != nil {
		return nil, err
	}
	channel, err := c1.EnumName[notify.Channel]("defaults.channel", channelPrefix, r.GetDefaults().GetChannel())
	if err != nil {
		return nil, err
	}
	hook, err := c1.OptionalID[webhook.ID]("defaults.webhookId", "webhook", r.GetDefaults().GetWebhookId())
	if fault.Is(err, fault.NotFound) {
		err = fault.InvalidField("defaults.webhookId", "no such webhook: %s", r.GetDefaults().GetWebhookId())
	}
	if err != nil {
		return nil, err
	}
	d, err := s.Notify.UpdateDefaults(ctx, func(d *notify.Defaults) {
		c1.Set(m, "channel", &d.Channel, channel)
		c1.Set(m, "webhook_id", &d.WebhookID, hook)
	})
	if err != nil {
		return nil, err
	}
	return &interimv1.NotificationDefaultsResponse{Defaults: encodeDefaults(d)}, nil
}

// ListFailed lists what could not be told.
func (s notifications) ListFailed(
	ctx context.Context, r *interimv1.ListFailedNotificationsRequest,
) (*interimv1.ListFailedNotificationsResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	p, err := s.Page(r)
	if err != nil {
		return nil, err
	}
	found, err := s.Notify.Failed(ctx, p.Request)
	if err != nil {
		return nil, err
	}
	out := &interimv1.ListFailedNotificationsResponse{NextPageToken: p.Token(found.Next)}
	for _, n := range found.Items {
		out.List = append(out.List, encodeFailed(n))
	}
	return out, nil
}

// reachedUser reads whose settings are meant: one's own, or anybody's.
func reachedUser(ctx context.Context, raw string) (directory.UserID, error) {
	u, err := c1.ID[directory.UserID]("userId", "user", raw)
	if err != nil {
		return "", err
	}
	return u, iam.Require(ctx, iam.Object{Type: "notification_settings", ID: string(u), UserID: string(u)})
}
