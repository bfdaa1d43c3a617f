-- Where people are told of things, and who is on call.
-- +goose Up
create table message_channel (
    id         {{text}} primary key,
    provider   {{text}} not null,
    remote_id  {{text}} not null,
    name       {{text}} not null,
    private    boolean  not null,
    created_at bigint   not null,
    unique (provider, remote_id)
);

create table message_channel_item (
    app_id      {{text}} not null,
    resource_id {{text}} not null,
    channel_id  {{text}} not null,
    primary key (app_id, resource_id, channel_id)
);

create table on_call_schedule (
    id         {{text}} primary key,
    provider   {{text}} not null,
    remote_id  {{text}} not null,
    name       {{text}} not null,
    created_at bigint   not null,
    unique (provider, remote_id)
);

create table on_call_shift (
    schedule_id {{text}} not null,
    place       bigint   not null,
    user_id     {{text}} not null,
    from_at     bigint   not null,
    until_at    bigint, -- null: until the shifts are changed
    primary key (schedule_id, place)
);
create index on_call_shift_user on on_call_shift (user_id, schedule_id);

-- A schedule of a group. A row that deleted_at is set of takes back what it gave, and goes.
create table on_call_duty (
    app_id         {{text}} not null,
    resource_id    {{text}} not null,
    schedule_id    {{text}} not null,
    entitlement_id {{text}} not null, -- what the members of the group hold
    due_at         bigint   not null,
    updated_at     bigint   not null,
    deleted_at     bigint,
    primary key (app_id, resource_id, schedule_id, entitlement_id)
);
create index on_call_duty_due on on_call_duty (due_at, schedule_id, resource_id);
create index on_call_duty_schedule on on_call_duty (schedule_id, resource_id);
