package notify

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Settings are what one person chose.
type Settings struct {
	User      directory.UserID
	Channel   Channel // empty: as the defaults say
	Off       []Kind  // not told of these
	UpdatedAt time.Time
}

// Defaults hold for who chose nothing.
type Defaults struct {
	Channel   Channel
	WebhookID webhook.ID // where the channel Webhook leads; empty: nowhere
	UpdatedAt time.Time
}

// Validate answers Invalid for the first member of s that is not what it may be.
func (s Settings) Validate() error {
	if s.Channel != "" && !slices.Contains([]Channel{Mail, Webhook, None}, s.Channel) {
		return fault.InvalidField("channel", "is not known")
	}
	if len(s.Off) > len(Kinds) {
		return fault.InvalidField("off", "has %d values; at most %d are allowed", len(s.Off), len(Kinds))
	}
	for _, k := range s.Off {
		if !slices.Contains(Kinds, k) {
			return fault.InvalidField("off", "is not known")
		}
	}
	return nil
}

// everybody is the user of the row with the defaults.
const everybody directory.UserID = ""

type choice struct {
	Settings

	hook webhook.ID
}

func scanChoice(r *db.Rows) (c choice, err error) {
	var off string
	var updated int64
	if err = r.Scan(&c.User, &c.Channel, &off, &c.hook, &updated); err != nil {
		return c, err
	}
	c.UpdatedAt = clock.FromMicros(updated)
	return c, json.Unmarshal([]byte(off), &c.Off)
}

// choices reads what these people and everybody chose.
func choices(q db.Q, people []directory.UserID) (map[directory.UserID]choice, Defaults, error) {
	args := []any{string(everybody)}
	for _, u := range people {
		args = append(args, string(u))
	}
	rows, err := db.Collect(q, scanChoice,
		`select user_id, channel, off, webhook_id, updated_at from notify_setting where user_id in `+db.In(len(args), 1), args...)
	all := make(map[directory.UserID]choice, len(rows))
	for _, c := range rows {
		all[c.User] = c
	}
	d := Defaults{Channel: Mail}
	if c, ok := all[everybody]; ok {
		d = Defaults{Channel: c.Channel, WebhookID: c.hook, UpdatedAt: c.UpdatedAt}
	}
	return all, d, err
}

// Settings reads what a person chose. NotFound for an unknown or deleted person.
func (s *Service) Settings(ctx context.Context, u directory.UserID) (Settings, error) {
	return settings(s.DB.Q(ctx), u)
}

func settings(q db.Q, u directory.UserID) (Settings, error) {
	found, err := directory.Get(q, u)
	if err == nil && found.Status == directory.Deleted {
		err = fault.Missing("user", string(u))
	}
	if err != nil {
		return Settings{}, err
	}
	all, _, err := choices(q, []directory.UserID{u})
	chosen := all[u].Settings
	chosen.User = u
	return chosen, err
}

// UpdateSettings changes what a person chose. NotFound, Invalid. The person themself, and Super Administrators.
func (s *Service) UpdateSettings(ctx context.Context, u directory.UserID, change func(v *Settings)) (Settings, error) {
	var after Settings
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Lock("notify/" + string(u)); err != nil {
			return err
		}
		before, err := settings(tx, u)
		if err != nil {
			return err
		}
		after = before
		change(&after)
		slices.Sort(after.Off)
		after.User, after.Off = u, slices.Compact(after.Off)
		if err := after.Validate(); err != nil {
			return err
		}
		after.UpdatedAt = s.Clock.Now()
		if err := keep(tx, choice{Settings: after}); err != nil {
			return err
		}
		return s.Audit.Record(tx, audit.From(ctx), audit.Event{
			Kind: "notification_settings.updated", Activity: audit.Update, ObjectType: "user", ObjectID: string(u), UserID: string(u),
			Message: "changed what a person is told", Data: map[string]any{"channel": after.Channel, "off": after.Off},
		})
	})
	return after, err
}

// Defaults reads what holds for who chose nothing.
func (s *Service) Defaults(ctx context.Context) (Defaults, error) {
	_, d, err := choices(s.DB.Q(ctx), nil)
	return d, err
}

// UpdateDefaults changes what holds for who chose nothing, and which webhook tells those who want that. Invalid for an unknown channel
// or webhook, or for a channel that leads nowhere. Super Administrators.
func (s *Service) UpdateDefaults(ctx context.Context, change func(v *Defaults)) (Defaults, error) {
	var after Defaults
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Lock("notify/"); err != nil {
			return err
		}
		_, before, err := choices(tx, nil)
		if err != nil {
			return err
		}
		after = before
		change(&after)
		if err := after.validate(tx); err != nil {
			return err
		}
		after.UpdatedAt = s.Clock.Now()
		row := choice{Settings: Settings{User: everybody, Channel: after.Channel, UpdatedAt: after.UpdatedAt}, hook: after.WebhookID}
		if err := keep(tx, row); err != nil {
			return err
		}
		tx.Notify(topic, cmp.Or(string(after.WebhookID), noHook))
		return s.Audit.Record(tx, audit.From(ctx), audit.Event{
			Kind: "notification_defaults.updated", Activity: audit.Update, ObjectType: "notification_defaults", ObjectID: "defaults",
			Message: "changed how people are told", Data: map[string]any{"channel": after.Channel, "webhook": after.WebhookID},
		})
	})
	return after, err
}

func (d Defaults) validate(q db.Q) error {
	if d.Channel == "" {
		return fault.InvalidField("channel", "is required")
	}
	if err := (Settings{Channel: d.Channel}).Validate(); err != nil {
		return err
	}
	if d.WebhookID == "" {
		if d.Channel == Webhook {
			return fault.InvalidField("webhookId", "is required for this channel")
		}
		return nil
	}
	_, err := webhook.Get(q, d.WebhookID)
	if fault.Is(err, fault.NotFound) {
		err = fault.InvalidField("webhookId", "no such webhook: %s", d.WebhookID)
	}
	return err
}

func keep(tx *db.Tx, c choice) error {
	off, err := json.Marshal(append([]Kind{}, c.Off...))
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into notify_setting (user_id, channel, off, webhook_id, updated_at) values ($1,$2,$3,$4,$5)
		on conflict (user_id) do update set channel = $2, off = $3, webhook_id = $4, updated_at = $5`,
		string(c.User), string(c.Channel), string(off), string(c.hook), clock.Micros(c.UpdatedAt))
	return err
}

// topic is where it is told which webhook tells people, from now on.
const (
	topic  = "notify"
	noHook = "none"
)
