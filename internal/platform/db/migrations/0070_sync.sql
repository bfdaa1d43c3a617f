-- +goose Up
create table sync_run (
    id           {{text}} primary key,
    app_id       {{text}} not null,
    connector_id {{text}} not null,
    started_at   bigint   not null,
    finished_at  bigint,
    state        {{text}} not null,
    accounts     bigint   not null,
    resources    bigint   not null,
    entitlements bigint   not null,
    grants       bigint   not null,
    added        bigint   not null,
    removed      bigint   not null,
    message      {{text}} not null
);
create index sync_run_connector on sync_run (connector_id, id);
