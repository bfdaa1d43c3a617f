-- +goose Up
-- The values of attributes: risk levels and compliance frameworks. The types are built in.
create table attribute (
    id         {{text}} primary key,
    type_id    {{text}} not null,
    value      {{text}} not null,
    folded     {{text}} not null,
    created_at bigint   not null,
    updated_at bigint   not null,
    deleted_at bigint,
    version    bigint   not null
);
create unique index attribute_value on attribute (type_id, folded) where deleted_at is null;
create index attribute_type on attribute (type_id, id) where deleted_at is null;

-- Which compliance frameworks an entitlement has: the same as in its doc, for the way back.
create table entitlement_framework (
    app_id         {{text}} not null,
    entitlement_id {{text}} not null,
    value_id       {{text}} not null,
    primary key (app_id, entitlement_id, value_id)
);
create index entitlement_framework_value on entitlement_framework (value_id, app_id, entitlement_id);
create index entitlement_risk on entitlement (risk_level_id, app_id, id) where risk_level_id <> '';

-- The apps that people come from.
create index app_directory on app (sort_name, id) where is_directory and deleted_at is null;
