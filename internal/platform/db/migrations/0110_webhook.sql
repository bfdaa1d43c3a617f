-- +goose Up
-- Where others are told of what happens here, and asked for what they decide.
create table webhook (
    id               {{text}} primary key,
    url              {{text}} not null,
    display_name     {{text}} not null,
    description      {{text}} not null,
    search           {{text}} not null,
    callback_timeout bigint   not null,
    created_by       {{text}} not null,
    created_at       bigint   not null,
    updated_at       bigint   not null,
    deleted_at       bigint,
    version          bigint   not null
);
create index webhook_live on webhook (id) where deleted_at is null;

-- One row for each message to a webhook. due_at is when it is sent next (open), when its callback is given up (waiting), or when the
-- row is forgotten (all others).
create table webhook_delivery (
    id              {{text}} primary key,
    webhook_id      {{text}} not null,
    event           {{text}} not null,
    ref_id          {{text}} not null,
    payload         {{text}} not null,
    state           {{text}} not null,
    due_at          bigint   not null,
    lease           {{text}} not null,
    attempts        bigint   not null,
    last_error      {{text}} not null,
    last_attempt_at bigint,
    verdict         {{text}} not null,
    created_at      bigint   not null,
    updated_at      bigint   not null,
    expires_at      bigint,
    done_at         bigint
);
create index webhook_delivery_open on webhook_delivery (due_at, id) where state = 'open';
create index webhook_delivery_later on webhook_delivery (due_at, id) where state <> 'open';
create index webhook_delivery_ref on webhook_delivery (ref_id) where done_at is null;
create index webhook_delivery_history on webhook_delivery (webhook_id, id);
