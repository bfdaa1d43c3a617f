-- +goose Up
-- What has to be done in a target system: one row for each change of one membership. A row is open until the target
-- confirmed it (done) or the grant wanted something else meanwhile (superseded).
create table operation (
    id             {{text}} primary key,
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
);
create unique index operation_open on operation (grant_id) where state = 'open';
create index operation_connector on operation (connector_id, due_at, id) where state = 'open';
