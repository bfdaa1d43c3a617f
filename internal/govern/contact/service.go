package contact

import (
	"context"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// Deps is what the service stands on.
type Deps struct {
	DB    *db.DB
	Clock clock.Clock
	Audit *audit.Log
}

// Service holds the use cases about contacts. Who may call them is for the doors to ask.
type Service struct{ Deps }

// New returns the use cases over d.
func New(d Deps) *Service { return &Service{d} }

var (
	_ directory.Notice  = (*Service)(nil)
	_ app.ResourceEnded = (*Service)(nil)
)

// Channels lists all channels, [MaxRecords] at most, in the order they were registered.
func (s *Service) Channels(ctx context.Context) ([]Channel, error) {
	return db.Collect(s.DB.Q(ctx), scanChannel, `select `+channelColumns+` from message_channel c order by c.id limit $1`, MaxRecords)
}

// Channel reads a channel. NotFound.
func (s *Service) Channel(ctx context.Context, channel ChannelID) (Channel, error) {
	return GetChannel(s.DB.Q(ctx), channel)
}

// RegisterChannel makes a channel known. One that is known by its provider and remote id is answered as it is: clients that know of no
// deletion register what they need, again and again. Invalid; Precondition above [MaxRecords].
func (s *Service) RegisterChannel(ctx context.Context, c Channel) (Channel, error) {
	if err := c.validate(Slack); err != nil {
		return Channel{}, err
	}
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Lock("message_channel"); err != nil {
			return err
		}
		known, err := findChannel(tx, c.Remote)
		if err == nil || !fault.Is(err, fault.NotFound) {
			c = known
			return err
		}
		now := s.Clock.Now()
		c.ID, c.CreatedAt = ChannelID(id.New(now)), now
		if err := insertChannel(tx, c); err != nil {
			return err
		}
		return s.Audit.Record(tx, audit.From(ctx), audit.Event{
			Kind: "message_channel.created", Activity: audit.Create, ObjectType: "message_channel", ObjectID: string(c.ID),
			Message: "registered the channel " + c.Name,
			Data:    map[string]any{"provider": c.Provider, "remoteId": c.RemoteID, "private": c.Private},
		})
	})
	return c, err
}

// ChannelsOf lists the channels of an item, in the order they were registered.
func (s *Service) ChannelsOf(ctx context.Context, item app.ResourceRef) ([]Channel, error) {
	return db.Collect(s.DB.Q(ctx), scanChannel, channelsOfSQL, string(item.AppID), string(item.ID))
}

// SetChannels makes the channels of an item be those, and answers them as [Service.ChannelsOf] does. NotFound for the item; Invalid for a
// channel that is not there, and above [MaxPerItem].
func (s *Service) SetChannels(ctx context.Context, item app.ResourceRef, channels []ChannelID) (after []Channel, err error) {
	return after, s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		after, err = s.SetChannelsIn(tx, audit.From(ctx), item, channels)
		return err
	})
}

// SetChannelsIn is [Service.SetChannels] in a transaction that does more.
func (s *Service) SetChannelsIn(tx *db.Tx, actor audit.Actor, item app.ResourceRef, channels []ChannelID) ([]Channel, error) {
	channels = once(channels)
	if err := few("channelIds", len(channels)); err != nil {
		return nil, err
	}
	if err := tx.Lock(itemKey(item)); err != nil {
		return nil, err
	}
	if err := standing(tx, item); err != nil {
		return nil, err
	}
	before, err := db.Collect(tx, scanChannel, channelsOfSQL, string(item.AppID), string(item.ID))
	if err != nil {
		return nil, err
	}
	old := each(before, func(c Channel) ChannelID { return c.ID })
	if slices.Equal(old, channels) {
		return before, nil
	}
	if err := setChannels(tx, item, channels); err != nil {
		return nil, err
	}
	after, err := db.Collect(tx, scanChannel, channelsOfSQL, string(item.AppID), string(item.ID))
	if err != nil {
		return nil, err
	}
	if len(after) != len(channels) {
		return nil, fault.InvalidField("channelIds", "names a channel that is not there")
	}
	return after, s.Audit.Record(tx, actor, ofItem(item, "resource.channels_set", "set where people are told of it", old, channels))
}

// Schedules lists all schedules, [MaxRecords] at most, in the order they were registered.
func (s *Service) Schedules(ctx context.Context) ([]Schedule, error) {
	return db.Collect(s.DB.Q(ctx), scanSchedule, `select `+scheduleColumns+` from on_call_schedule c order by c.id limit $1`, MaxRecords)
}

// Schedule reads a schedule. NotFound.
func (s *Service) Schedule(ctx context.Context, schedule ScheduleID) (Schedule, error) {
	return getSchedule(s.DB.Q(ctx), schedule)
}

// RegisterSchedule makes a schedule known, as [Service.RegisterChannel] does a channel. Nobody is on call yet.
func (s *Service) RegisterSchedule(ctx context.Context, c Schedule) (Schedule, error) {
	if err := c.validate(PagerDuty, Opsgenie); err != nil {
		return Schedule{}, err
	}
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Lock("on_call_schedule"); err != nil {
			return err
		}
		known, err := findSchedule(tx, c.Remote)
		if err == nil || !fault.Is(err, fault.NotFound) {
			c = known
			return err
		}
		now := s.Clock.Now()
		c.ID, c.CreatedAt = ScheduleID(id.New(now)), now
		if err := insertSchedule(tx, c); err != nil {
			return err
		}
		return s.Audit.Record(tx, audit.From(ctx), scheduleEvent(c, "on_call_schedule.created", audit.Create,
			"registered the on-call schedule "+c.Name, map[string]any{"provider": c.Provider, "remoteId": c.RemoteID}))
	})
	return c, err
}

// Shifts lists the shifts of a schedule in their order, past ones included. NotFound.
func (s *Service) Shifts(ctx context.Context, schedule ScheduleID) ([]Shift, error) {
	q := s.DB.Q(ctx)
	if _, err := getSchedule(q, schedule); err != nil {
		return nil, err
	}
	return db.Collect(q, scanShift, shiftsSQL, string(schedule))
}

// SetShifts makes the shifts of a schedule be those, in that order; the groups it belongs to follow at once. NotFound; Invalid above
// [MaxShifts], for a shift that does not end after it begins, and for somebody who is not there; Denied where who is on call has powers
// beyond the caller's roles.
func (s *Service) SetShifts(ctx context.Context, schedule ScheduleID, list []Shift) error {
	if err := checkShifts(list); err != nil {
		return err
	}
	q := s.DB.Q(ctx)
	gives, err := db.Collect(q, func(r *db.Rows) (o iam.Object, err error) {
		o.Type = "entitlement"
		return o, r.Scan(&o.AppID, &o.ID)
	}, `select app_id, entitlement_id from on_call_duty where schedule_id = $1 and deleted_at is null`, string(schedule))
	if err != nil {
		return err
	}
	if err := iam.MayPass(ctx, q, gives...); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Lock(scheduleKey(schedule)); err != nil {
			return err
		}
		c, err := getSchedule(tx, schedule)
		if err != nil {
			return err
		}
		if err := everybody(tx, list); err != nil {
			return err
		}
		now := s.Clock.Now()
		if err := setShifts(tx, schedule, list); err != nil {
			return err
		}
		if err := hurry(tx, schedule, now); err != nil {
			return err
		}
		due.Wake(tx, now)
		shown := each(list, func(s Shift) map[string]any {
			return map[string]any{"userId": s.User, "from": moment(s.From), "until": moment(s.Until)}
		})
		return s.Audit.Record(tx, audit.From(ctx), scheduleEvent(c, "on_call_schedule.shifts_set", audit.Update,
			"set who is on call by "+c.Name, map[string]any{"shifts": shown}))
	})
}

// SchedulesOf lists the schedules of a group, in the order they were registered.
func (s *Service) SchedulesOf(ctx context.Context, group app.ResourceRef) ([]Schedule, error) {
	return db.Collect(s.DB.Q(ctx), scanSchedule, schedulesOfSQL, string(group.AppID), string(group.ID))
}

// SetSchedules makes the schedules of a group be those, and answers them as [Service.SchedulesOf] does. Who is on call by one is given
// what the members of the group hold, soon, and loses it with the shift or the schedule. NotFound for the group; Invalid for a schedule
// that is not there, above [MaxPerItem] and for one that has [MaxGroups].
func (s *Service) SetSchedules(ctx context.Context, g Group, schedules []ScheduleID) (after []Schedule, err error) {
	return after, s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		after, err = s.SetSchedulesIn(tx, audit.From(ctx), g, schedules)
		return err
	})
}

// SetSchedulesIn is [Service.SetSchedules] in a transaction that does more.
func (s *Service) SetSchedulesIn(tx *db.Tx, actor audit.Actor, g Group, schedules []ScheduleID) ([]Schedule, error) {
	schedules = once(schedules)
	if err := few("scheduleIds", len(schedules)); err != nil {
		return nil, err
	}
	// Two at once count the groups of a schedule one after the other.
	if err := tx.Lock(append(each(schedules, scheduleKey), itemKey(g.ResourceRef))...); err != nil {
		return nil, err
	}
	if err := standing(tx, g.ResourceRef); err != nil {
		return nil, err
	}
	before, err := db.Collect(tx, scanSchedule, schedulesOfSQL, string(g.AppID), string(g.ID))
	if err != nil {
		return nil, err
	}
	old := each(before, func(c Schedule) ScheduleID { return c.ID })
	if slices.Equal(old, schedules) {
		return before, nil
	}
	now := s.Clock.Now()
	if err := setDuties(tx, g, schedules, now); err != nil {
		return nil, err
	}
	due.Wake(tx, now)
	after, err := db.Collect(tx, scanSchedule, schedulesOfSQL, string(g.AppID), string(g.ID))
	if err != nil {
		return nil, err
	}
	if len(after) != len(schedules) {
		return nil, fault.InvalidField("scheduleIds", "names a schedule that is not there")
	}
	return after, s.Audit.Record(tx, actor, ofItem(g.ResourceRef, "resource.on_call_set", "set who is on call for it", old, schedules))
}

// UserEnded implements [directory.Notice]: who is deleted has no shift any more. Their access ends by itself.
func (s *Service) UserEnded(tx *db.Tx, _ audit.Actor, u directory.UserID, _ time.Time, reason string) error {
	if reason != directory.ReasonDeleted {
		return nil
	}
	_, err := tx.Exec(dropShiftsSQL, string(u))
	return err
}

// ResourcesEnded implements [app.ResourceEnded].
func (s *Service) ResourcesEnded(tx *db.Tx, appID app.ID) error { return forget(tx, appID) }

func scheduleKey(schedule ScheduleID) string { return "on_call_schedule:" + string(schedule) }

func itemKey(item app.ResourceRef) string { return "contact:" + string(item.ID) }

func few(field string, n int) error {
	if n > MaxPerItem {
		return fault.InvalidField(field, "has %d entries; at most %d are allowed", n, MaxPerItem)
	}
	return nil
}

// once is list in the order of identities, each once.
func once[T ~string](list []T) []T { return slices.Compact(slices.Sorted(slices.Values(list))) }

func each[R, T any](list []R, of func(R) T) []T {
	out := make([]T, len(list))
	for n, v := range list {
		out[n] = of(v)
	}
	return out
}

func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func scheduleEvent(c Schedule, kind string, a audit.Activity, message string, data map[string]any) audit.Event {
	return audit.Event{
		Kind: kind, Activity: a, ObjectType: "on_call_schedule", ObjectID: string(c.ID), Message: message, Data: data,
	}
}

func ofItem[T any](item app.ResourceRef, kind, message string, old, now []T) audit.Event {
	return audit.Event{
		Kind: kind, Activity: audit.Update, ObjectType: "resource", ObjectID: string(item.ID), AppID: string(item.AppID), Message: message,
		Data: map[string]any{"old": old, "new": now},
	}
}
