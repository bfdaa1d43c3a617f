package opal

import (
	"context"

	"github.com/interim-access/interim/internal/govern/contact"
	"github.com/interim-access/interim/internal/govern/iam"
)

// channelBody is a channel for messages in another system.
type channelBody struct {
	ID       UUID   `json:"message_channel_id"`
	Provider string `json:"third_party_provider" enum:"SLACK"`
	RemoteID string `json:"remote_id"`
	Name     string `json:"name"`
	Private  bool   `json:"is_private"`
}

type channelsBody struct {
	Channels []channelBody `json:"channels"`
	IDs      []UUID        `json:"message_channel_ids"`
}

// scheduleBody is an on-call schedule of another system.
type scheduleBody struct {
	ID       UUID   `json:"on_call_schedule_id"`
	Provider string `json:"third_party_provider" enum:"OPSGENIE,PAGER_DUTY"`
	RemoteID string `json:"remote_id"`
	Name     string `json:"name"`
}

type schedulesBody struct {
	Schedules []scheduleBody `json:"on_call_schedules"`
	IDs       []UUID         `json:"on_call_schedule_ids"`
}

type createChannel struct {
	Body struct {
		Provider string `json:"third_party_provider" enum:"SLACK"`
		RemoteID string `json:"remote_id" minLength:"1" maxLength:"256"`
		Name     string `json:"name,omitempty" maxLength:"256" doc:"Ours: the other system is not asked. None: remote_id."`
		Private  bool   `json:"is_private,omitempty" doc:"Ours, as name."`
	}
}

type createSchedule struct {
	Body struct {
		Provider string `json:"third_party_provider" enum:"OPSGENIE,PAGER_DUTY"`
		RemoteID string `json:"remote_id" minLength:"1" maxLength:"256"`
		Name     string `json:"name,omitempty" maxLength:"256" doc:"Ours: the other system is not asked. None: remote_id."`
	}
}

type channelPath struct {
	ID UUID `path:"message_channel_id"`
}

type schedulePath struct {
	ID UUID `path:"on_call_schedule_id"`
}

// channelIDs are the channels that an item is to have.
type channelIDs struct {
	IDs []UUID `json:"message_channel_ids" nullable:"true" required:"false" maxItems:"100"`
}

type groupChannels struct {
	GroupPath
	Body channelIDs
}

type resourceChannels struct {
	ResourcePath
	Body channelIDs
}

type groupSchedules struct {
	GroupPath
	Body struct {
		IDs []UUID `json:"on_call_schedule_ids" nullable:"true" required:"false" maxItems:"100"`
	}
}

// contactNames are the names of fields in faults of the rules, as this API spells them.
var contactNames = map[string]string{
	"remoteId": "remote_id", "provider": "third_party_provider", "channelIds": "message_channel_ids", "scheduleIds": "on_call_schedule_ids",
}

func (d *Door) contacts() {
	serve(d, "MessageChannels.GetMessageChannels", about{Summary: "List message channels"}, d.getChannels)
	serve(d, "MessageChannels.GetMessageChannelID", about{Summary: "Read a message channel"}, d.getChannel)
	serve(d, "MessageChannels.CreateMessageChannel", about{
		Summary: "Register a message channel; one that is registered is answered as it is. Administrators may",
	}, d.createChannel)
	serve(d, "OnCallSchedules.GetOnCallSchedule", about{Summary: "List on-call schedules"}, d.getSchedules)
	serve(d, "OnCallSchedules.GetOnCallScheduleID", about{Summary: "Read an on-call schedule"}, d.getSchedule)
	serve(d, "OnCallSchedules.CreateOnCallSchedule", about{
		Summary: "Register an on-call schedule; one that is registered is answered as it is. Administrators may",
	}, d.createSchedule)

	serve(d, "Groups.GetGroupMessageChannels", about{
		Summary: "List the message channels of a group",
	}, func(ctx context.Context, in *GroupPath) (channelsBody, error) {
		return d.channelsOf(ctx, aGroup, in.ID)
	})
	serve(d, "Groups.UpdateGroupMessageChannels", about{
		Summary: "Set the message channels of a group; administrators may",
	}, func(ctx context.Context, in *groupChannels) ([]UUID, error) {
		return d.setChannels(ctx, aGroup, in.ID, in.Body)
	})
	serve(d, "Resources.GetResourceMessageChannels", about{
		Summary: "List the message channels of a resource",
	}, func(ctx context.Context, in *ResourcePath) (channelsBody, error) {
		return d.channelsOf(ctx, aResource, in.ID)
	})
	serve(d, "Resources.UpdateResourceMessageChannels", about{
		Summary: "Set the message channels of a resource; administrators may",
	}, func(ctx context.Context, in *resourceChannels) ([]UUID, error) {
		return d.setChannels(ctx, aResource, in.ID, in.Body)
	})
	serve(d, "Groups.GetGroupOnCallSchedules", about{Summary: "List the on-call schedules of a group"}, d.getGroupSchedules)
	serve(d, "Groups.UpdateGroupOnCallSchedules", about{
		Summary: "Set the on-call schedules of a group: who is on call is a member of it; administrators may",
	}, d.updateGroupSchedules)
}

func (d *Door) getChannels(ctx context.Context, _ *struct{}) (channelsBody, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return channelsBody{}, err
	}
	found, err := d.Contacts.Channels(ctx)
	return encodeChannels(found), err
}

func (d *Door) getChannel(ctx context.Context, in *channelPath) (channelBody, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return channelBody{}, err
	}
	c, err := d.Contacts.Channel(ctx, contact.ChannelID(in.ID))
	return encodeChannel(c), err
}

func (d *Door) createChannel(ctx context.Context, in *createChannel) (channelBody, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return channelBody{}, err
	}
	b := in.Body
	c, err := d.Contacts.RegisterChannel(ctx, contact.Channel{Remote: remote(b.Provider, b.RemoteID, b.Name), Private: b.Private})
	return encodeChannel(c), respelled(err, contactNames)
}

func (d *Door) getSchedules(ctx context.Context, _ *struct{}) (schedulesBody, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return schedulesBody{}, err
	}
	found, err := d.Contacts.Schedules(ctx)
	return encodeSchedules(found), err
}

func (d *Door) getSchedule(ctx context.Context, in *schedulePath) (scheduleBody, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return scheduleBody{}, err
	}
	c, err := d.Contacts.Schedule(ctx, contact.ScheduleID(in.ID))
	return encodeSchedule(c), err
}

func (d *Door) createSchedule(ctx context.Context, in *createSchedule) (scheduleBody, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return scheduleBody{}, err
	}
	b := in.Body
	c, err := d.Contacts.RegisterSchedule(ctx, contact.Schedule{Remote: remote(b.Provider, b.RemoteID, b.Name)})
	return encodeSchedule(c), respelled(err, contactNames)
}

func remote(provider, id, name string) contact.Remote {
	return contact.Remote{Provider: contact.Provider(provider), RemoteID: id, Name: name}
}

func (d *Door) channelsOf(ctx context.Context, s itemSort, id UUID) (channelsBody, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return channelsBody{}, err
	}
	i, err := d.itemOf(ctx, s, id)
	if err != nil {
		return channelsBody{}, err
	}
	found, err := d.Contacts.ChannelsOf(ctx, i.Ref())
	return encodeChannels(found), err
}

func (d *Door) setChannels(ctx context.Context, s itemSort, id UUID, said channelIDs) ([]UUID, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	i, err := d.itemOf(ctx, s, id)
	if err != nil {
		return nil, err
	}
	after, err := d.Items.SetChannels(ctx, i.ID, ids[contact.ChannelID](said.IDs))
	return encodeChannels(after).IDs, respelled(err, contactNames)
}

func (d *Door) getGroupSchedules(ctx context.Context, in *GroupPath) (schedulesBody, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return schedulesBody{}, err
	}
	i, err := d.itemOf(ctx, aGroup, in.ID)
	if err != nil {
		return schedulesBody{}, err
	}
	found, err := d.Contacts.SchedulesOf(ctx, i.Ref())
	return encodeSchedules(found), err
}

func (d *Door) updateGroupSchedules(ctx context.Context, in *groupSchedules) ([]UUID, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	i, err := d.itemOf(ctx, aGroup, in.ID)
	if err != nil {
		return nil, err
	}
	after, err := d.Items.SetSchedules(ctx, i.ID, ids[contact.ScheduleID](in.Body.IDs))
	return encodeSchedules(after).IDs, respelled(err, contactNames)
}

func encodeChannel(c contact.Channel) channelBody {
	return channelBody{ID: UUID(c.ID), Provider: string(c.Provider), RemoteID: c.RemoteID, Name: c.Name, Private: c.Private}
}

func encodeChannels(list []contact.Channel) channelsBody {
	return channelsBody{each(list, encodeChannel), each(list, func(c contact.Channel) UUID { return UUID(c.ID) })}
}

func encodeSchedules(list []contact.Schedule) schedulesBody {
	return schedulesBody{each(list, encodeSchedule), each(list, func(c contact.Schedule) UUID { return UUID(c.ID) })}
}

func encodeSchedule(c contact.Schedule) scheduleBody {
	return scheduleBody{ID: UUID(c.ID), Provider: string(c.Provider), RemoteID: c.RemoteID, Name: c.Name}
}
