-- +goose Up
create table event (
    id           {{text}} primary key,
    at           bigint   not null,
    kind         {{text}} not null,
    activity     smallint not null,
    failed       boolean  not null,
    actor_kind   {{text}} not null,
    actor_id     {{text}} not null,
    actor_name   {{text}} not null,
    actor_email  {{text}} not null,
    client_key   {{text}} not null,
    on_behalf_of {{text}} not null,
    source_ip    {{text}} not null,
    request_id   {{text}} not null,
    object_type  {{text}} not null,
    object_id    {{text}} not null,
    app_id       {{text}} not null,
    user_id      {{text}} not null,
    message      {{text}} not null,
    data         {{json}} not null
);
create index event_at on event (at, id);
create index event_object on event (object_type, object_id, at, id);
create index event_user on event (user_id, at, id) where user_id <> '';
