-- +goose Up
-- The rule that gives an entitlement. A row that deleted_at is set of takes back what it gave, and goes.
create table automation (
    app_id         {{text}} not null,
    entitlement_id {{text}} not null,
    kind           {{text}} not null,
    expression     {{text}} not null,
    display_name   {{text}} not null,
    description    {{text}} not null,
    status         {{text}} not null,
    error          {{text}} not null,
    completed_at   bigint,
    due_at         bigint   not null,
    created_at     bigint   not null,
    updated_at     bigint   not null,
    deleted_at     bigint,
    version        bigint   not null,
    primary key (app_id, entitlement_id)
);
create index automation_due on automation (due_at, app_id, entitlement_id);

-- The entitlements whose holders a rule gives to.
create table automation_ref (
    app_id             {{text}} not null,
    entitlement_id     {{text}} not null,
    src_app_id         {{text}} not null,
    src_entitlement_id {{text}} not null,
    primary key (app_id, entitlement_id, src_app_id, src_entitlement_id)
);
create index automation_ref_src on automation_ref (src_app_id, src_entitlement_id);

-- Whom a rule passes over.
create table automation_exclusion (
    app_id         {{text}} not null,
    entitlement_id {{text}} not null,
    user_id        {{text}} not null,
    created_at     bigint   not null,
    primary key (app_id, entitlement_id, user_id)
);

-- Holders of the source hold the destination. A row that deleted_at is set of takes back what it gave, and goes.
create table proxy (
    src_app_id         {{text}} not null,
    src_entitlement_id {{text}} not null,
    dst_app_id         {{text}} not null,
    dst_entitlement_id {{text}} not null,
    due_at             bigint   not null,
    created_at         bigint   not null,
    updated_at         bigint   not null,
    deleted_at         bigint,
    primary key (src_app_id, src_entitlement_id, dst_app_id, dst_entitlement_id)
);
create index proxy_due on proxy (due_at, src_app_id, src_entitlement_id);
create index proxy_dst on proxy (dst_app_id, dst_entitlement_id);
