-- +goose Up
-- What people are to be told, one row for each person and matter. due_at is when it is sent next (open) or when the row is forgotten.
create table notification (
    id         {{text}} primary key,
    user_id    {{text}} not null,
    kind       {{text}} not null,
    channel    {{text}} not null,
    task_id    {{text}} not null,
    body       {{text}} not null,
    state      {{text}} not null,
    due_at     bigint   not null,
    lease      {{text}} not null,
    attempts   bigint   not null,
    last_error {{text}} not null,
    created_at bigint   not null,
    done_at    bigint
);
create index notification_open on notification (due_at, id) where state = 'open';
create index notification_later on notification (due_at, id) where state <> 'open';
create index notification_failed on notification (id) where state = 'failed';
create index notification_user on notification (user_id) where done_at is null;
create index notification_task on notification (task_id) where done_at is null;

-- What people chose; the row without a user is what holds for who chose nothing.
create table notify_setting (
    user_id    {{text}} primary key,
    channel    {{text}} not null,
    off        {{json}} not null,
    webhook_id {{text}} not null,
    updated_at bigint   not null
);
