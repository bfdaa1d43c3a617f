package c1

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	webhooksv1 "github.com/interim-access/interim/gen/c1/api/webhooks/v1"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/fault"
)

func encodeWebhook(w webhook.Webhook) *webhooksv1.Webhook {
	return &webhooksv1.Webhook{
		Id:              KSUID(w.ID),
		Url:             w.URL,
		DisplayName:     w.DisplayName,
		Description:     w.Description,
		CallbackTimeout: durationpb.New(w.CallbackTimeout),
		CreatedAt:       Moment(w.CreatedAt),
		UpdatedAt:       Moment(w.UpdatedAt),
		DeletedAt:       Moment(w.DeletedAt),
	}
}

// encodeDelivery shows a delivery to w.
func encodeDelivery(d webhook.Delivery, w webhook.Webhook) *webhooksv1.WebhookInstance {
	return &webhooksv1.WebhookInstance{
		Id:              KSUID(d.ID),
		WebhookId:       KSUID(d.Webhook),
		State:           deliveryState(d),
		Attempts:        int32(d.Attempts),
		Spec:            &webhooksv1.WebhookSpec{Destination: w.URL},
		Source:          deliverySource(d),
		CreatedAt:       Moment(d.CreatedAt),
		UpdatedAt:       Moment(d.UpdatedAt),
		LastAttemptedAt: Moment(d.LastAttemptAt),
		ExpiresAt:       Moment(d.ExpiresAt),
		CompletedAt:     Moment(d.DoneAt),
	}
}

func deliveryState(d webhook.Delivery) webhooksv1.WebhookState {
	switch {
	case d.State == webhook.Done:
		return webhooksv1.WebhookState_WEBHOOK_STATE_SUCCESS
	case d.State == webhook.Waiting:
		return webhooksv1.WebhookState_WEBHOOK_STATE_WAITING_CALLBACK
	case d.State != webhook.Open:
		return webhooksv1.WebhookState_WEBHOOK_STATE_FATAL_ERROR
	case d.Running():
		return webhooksv1.WebhookState_WEBHOOK_STATE_RUNNING
	case d.LastError != "":
		return webhooksv1.WebhookState_WEBHOOK_STATE_ERROR
	default:
		return webhooksv1.WebhookState_WEBHOOK_STATE_PENDING
	}
}

// deliverySource shows what a test is about; other deliveries are not shown in this form.
func deliverySource(d webhook.Delivery) *webhooksv1.WebhookSource {
	if d.Event != webhook.EventTest {
		return nil
	}
	return &webhooksv1.WebhookSource{Source: &webhooksv1.WebhookSource_Test{Test: &webhooksv1.WebhookSource_WebhookSourceTest{}}}
}

// callbackTimeout reads how long a callback may take; zero where it is null.
func callbackTimeout(field string, d *durationpb.Duration) (time.Duration, error) {
	if d == nil {
		return 0, nil
	}
	if d.CheckValid() != nil || d.AsDuration() <= 0 {
		return 0, fault.InvalidField(field, "must be a positive duration")
	}
	return d.AsDuration().Truncate(time.Microsecond), nil
}
