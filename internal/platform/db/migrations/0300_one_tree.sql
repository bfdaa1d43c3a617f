-- What is written with every request, approval and grant, and found by its key, lies in the order of that key, in one tree in the place of
-- two. PostgreSQL keeps its tables in no order.
-- +goose Up
{{if not postgres}}
create table new_slot (
    task_id   {{text}} not null,
    kind      {{text}} not null,
    user_id   {{text}} not null,
    of_kind   {{text}} not null,
    app_id    {{text}} not null,
    object_id {{text}} not null,
    number    bigint   not null,
    primary key (task_id, kind, user_id, of_kind, app_id, object_id)
) {{clustered}};
insert into new_slot (task_id, kind, user_id, of_kind, app_id, object_id, number)
    select task_id, kind, user_id, of_kind, app_id, object_id, number from task_slot;
drop table task_slot;
alter table new_slot rename to task_slot;
create index task_slot_user on task_slot (kind, user_id, number);
create index task_slot_object on task_slot (kind, of_kind, app_id, object_id, number);

create table new_asked (
    user_id {{text}} not null,
    task_id {{text}} not null,
    primary key (user_id, task_id)
) {{clustered}};
insert into new_asked (user_id, task_id) select user_id, task_id from task_asked;
drop table task_asked;
alter table new_asked rename to task_asked;

create table new_notification (
    id         {{text}} not null primary key,
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
    done_at    bigint,
    people     {{json}}
) {{clustered}};
insert into new_notification (id, user_id, kind, channel, task_id, body, state, due_at, lease, attempts, last_error, created_at, done_at, people)
    select id, user_id, kind, channel, task_id, body, state, due_at, lease, attempts, last_error, created_at, done_at, people from notification;
drop table notification;
alter table new_notification rename to notification;
create index notification_open on notification (due_at, id) where state = 'open';
create index notification_later on notification (due_at, id) where state <> 'open';
create index notification_failed on notification (id) where state = 'failed';
create index notification_handed on notification (user_id) where state = 'handed';
create index notification_task on notification (task_id) where done_at is null;

create table new_operation (
    id             {{text}} not null primary key,
    kind           {{text}} not null,
    grant_id       {{text}} not null,
    connector_id   {{text}} not null,
    app_id         {{text}} not null,
    entitlement_id {{text}} not null,
    account_id     {{text}} not null,
    state          {{text}} not null,
    due_at         bigint   not null,
    lease          {{text}} not null,
    attempts       bigint   not null,
    last_error     {{text}} not null,
    note           {{text}} not null,
    created_at     bigint   not null,
    done_at        bigint,
    version        bigint   not null
) {{clustered}};
insert into new_operation (id, kind, grant_id, connector_id, app_id, entitlement_id, account_id, state, due_at, lease, attempts, last_error,
        note, created_at, done_at, version)
    select id, kind, grant_id, connector_id, app_id, entitlement_id, account_id, state, due_at, lease, attempts, last_error, note, created_at,
        done_at, version from operation;
drop table operation;
alter table new_operation rename to operation;
create unique index operation_open on operation (grant_id) where state = 'open';
create index operation_connector on operation (connector_id, due_at, id) where state = 'open';
{{end}}
