-- +goose Up
-- One row for each lifespan of a grant; ended rows stay as history.
create table grants (
    id              {{text}} primary key,
    app_id          {{text}} not null,
    entitlement_id  {{text}} not null,
    account_id      {{text}} not null,
    connector_id    {{text}},
    state           {{text}} not null,
    direct          {{text}} not null,
    derived         bigint   not null,
    deprovision_at  bigint,
    force_end       boolean  not null,
    created_at      bigint   not null,
    active_at       bigint,
    ending_at       bigint,
    ended_at        bigint,
    removed_at      bigint,
    end_reason      {{text}} not null,
    end_note        {{text}} not null,
    target_note     {{text}} not null,
    seen_at         bigint,
    discovered      boolean  not null,
    granted_by      {{text}} not null,
    granted_by_name {{text}} not null,
    granted_task    {{text}} not null,
    policy_version  {{text}} not null,
    decided_by      {{text}} not null,
    decided_for     {{text}} not null,
    ended_by        {{text}} not null,
    ended_by_name   {{text}} not null,
    ended_task      {{text}} not null,
    updated_at      bigint   not null,
    version         bigint   not null
);
-- The conditions of the indexes name the times and not the state, although they say the same (ending and ended rows have an
-- ending_at, ended ones an ended_at): SQLite rewrites every index whose condition names a column that an update sets.
-- At most one grant for each account and entitlement is not ended, whatever races.
create unique index grants_live on grants (app_id, entitlement_id, account_id) where ended_at is null;
create index grants_due on grants (deprovision_at, id) where deprovision_at is not null and ending_at is null;
create index grants_account on grants (account_id, entitlement_id, id);
create index grants_connector on grants (connector_id, id) where connector_id is not null and ended_at is null;
create index grants_history on grants (app_id, entitlement_id, active_at, id) where active_at is not null;
create index grants_added on grants (active_at, id) where active_at is not null;
create index grants_removed on grants (ending_at, id) where ending_at is not null;
create index grants_overdue on grants (ending_at, id) where ending_at is not null and ended_at is null;

-- The entitlements through which the target itself passes a grant on.
create table grant_source (
    grant_id           {{text}} not null,
    via_app_id         {{text}} not null,
    via_entitlement_id {{text}} not null,
    created_at         bigint   not null,
    ended_at           bigint,
    primary key (grant_id, via_app_id, via_entitlement_id, created_at)
);
create unique index grant_source_live on grant_source (grant_id, via_app_id, via_entitlement_id) where ended_at is null;
