package notify

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
)

const refPrefix = "notification/"

func refOf(n ID) string { return refPrefix + string(n) }

// payload is the message interim.v1.PayloadNotification.
type payload struct {
	NotificationID string `json:"notificationId"`
	Kind           Kind   `json:"kind"`
	UserID         string `json:"userId"`
	DisplayName    string `json:"displayName"`
	Email          string `json:"email"`
	Subject        string `json:"subject"`
	Text           string `json:"text"`
	TaskID         string `json:"taskId"`
	AppID          string `json:"appId"`
	EntitlementID  string `json:"appEntitlementId"`
}

// hand gives n to the webhook that tells people.
func (s *Service) hand(tx *db.Tx, n Notification, u directory.User, hook webhook.ID) error {
	m := Compose(n, u, s.PublicURL)
	p := payload{
		NotificationID: id.KSUID(string(n.ID)), Kind: n.Kind, UserID: id.KSUID(string(u.ID)), DisplayName: m.Name, Email: m.Address,
		Subject: m.Subject, Text: m.Text, TaskID: id.KSUID(n.TaskID),
		AppID: n.Data.AppID, EntitlementID: n.Data.EntitlementID,
	}
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	_, err = s.Webhooks.Deliver(tx, hook, webhook.EventNotification, refOf(n.ID), body)
	return err
}

// WebhookAnswered implements webhook.Notice: a notification was told.
func (s *Service) WebhookAnswered(tx *db.Tx, d webhook.Delivery, _ webhook.Answer, at time.Time) error {
	if n, ours := notificationOf(d); ours {
		tx.OnCommit(func() { s.metrics.told(Webhook, "sent") })
		finishHanded(tx, n, Done, "", at, at.Add(KeptDone))
	}
	return nil
}

// WebhookTried implements webhook.Notice: what is tried again is not over.
func (s *Service) WebhookTried(*db.Tx, webhook.Delivery, string, bool, time.Time) error { return nil }

// WebhookGaveUp implements webhook.Notice: a notification was not told.
func (s *Service) WebhookGaveUp(tx *db.Tx, d webhook.Delivery, why string, at time.Time) error {
	if n, ours := notificationOf(d); ours {
		tx.OnCommit(func() { s.metrics.told(Webhook, "failed") })
		finishHanded(tx, n, Failed, why, at, at.Add(KeptFailed))
	}
	return nil
}

func notificationOf(d webhook.Delivery) (ID, bool) {
	if d.Event != webhook.EventNotification {
		return "", false
	}
	n, ok := strings.CutPrefix(d.Ref, refPrefix)
	return ID(n), ok
}
