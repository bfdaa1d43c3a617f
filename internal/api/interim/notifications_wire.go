package interim

import (
	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/notify"
)

const (
	channelPrefix = "NOTIFICATION_CHANNEL_"
	kindPrefix    = "NOTIFICATION_KIND_"
)

func encodeChannel(v notify.Channel) interimv1.NotificationChannel {
	return c1.EnumValue[interimv1.NotificationChannel](interimv1.NotificationChannel_value, channelPrefix, v)
}

func encodeKind(v notify.Kind) interimv1.NotificationKind {
	return c1.EnumValue[interimv1.NotificationKind](interimv1.NotificationKind_value, kindPrefix, v)
}

func encodeSettings(v notify.Settings) *interimv1.NotificationSettings {
	out := &interimv1.NotificationSettings{UserId: c1.KSUID(v.User), Channel: encodeChannel(v.Channel), UpdatedAt: c1.Moment(v.UpdatedAt)}
	for _, k := range v.Off {
		out.Off = append(out.Off, encodeKind(k))
	}
	return out
}

func encodeDefaults(d notify.Defaults) *interimv1.NotificationDefaults {
	return &interimv1.NotificationDefaults{
		Channel: encodeChannel(d.Channel), WebhookId: c1.KSUID(d.WebhookID), UpdatedAt: c1.Moment(d.UpdatedAt),
	}
}

func encodeFailed(n notify.Notification) *interimv1.FailedNotification {
	return &interimv1.FailedNotification{
		Id: c1.KSUID(n.ID), UserId: c1.KSUID(n.User), Kind: encodeKind(n.Kind), Channel: encodeChannel(n.Channel), TaskId: c1.KSUID(n.TaskID),
		Attempts: int32(n.Attempts), Reason: n.LastError, CreatedAt: c1.Moment(n.CreatedAt), FailedAt: c1.Moment(n.DoneAt),
	}
}
