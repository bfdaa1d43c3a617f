-- +goose Up
-- What has which webhook called. by_kind is 'policy' or 'entitlement'; app_id is that of an entitlement, else empty.
create table webhook_use (
    webhook_id {{text}} not null,
    by_kind    {{text}} not null,
    app_id     {{text}} not null,
    by_id      {{text}} not null,
    primary key (webhook_id, by_kind, app_id, by_id)
);
create index webhook_use_by on webhook_use (by_kind, app_id, by_id);
