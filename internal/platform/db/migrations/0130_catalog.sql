-- What can be asked for: catalogs with their entitlements and audiences; forms; what holds where an entitlement says nothing itself.
-- +goose Up
create table catalog (
    id                  {{text}} primary key,
    display_name        {{text}} not null,
    description         {{text}} not null,
    sort_name           {{text}} not null,
    published           boolean  not null,
    visible_to_everyone boolean  not null,
    doc                 {{json}} not null,
    created_by          {{text}} not null,
    created_at          bigint   not null,
    updated_at          bigint   not null,
    deleted_at          bigint,
    version             bigint   not null
);
create index catalog_name on catalog (sort_name, id) where deleted_at is null;
create index catalog_everyone on catalog (id) where visible_to_everyone and published and deleted_at is null;

-- What can be asked for through a catalog.
create table catalog_entry (
    catalog_id     {{text}} not null,
    app_id         {{text}} not null,
    entitlement_id {{text}} not null,
    created_at     bigint   not null,
    primary key (catalog_id, app_id, entitlement_id)
);
create index catalog_entry_of on catalog_entry (app_id, entitlement_id, catalog_id);

-- Whose holders see a catalog that is not visible to everyone.
create table catalog_audience (
    catalog_id     {{text}} not null,
    app_id         {{text}} not null,
    entitlement_id {{text}} not null,
    created_at     bigint   not null,
    primary key (catalog_id, app_id, entitlement_id)
);
create index catalog_audience_of on catalog_audience (app_id, entitlement_id, catalog_id);

-- Whom a catalog enrolls by itself.
create table catalog_automation (
    catalog_id {{text}} primary key,
    doc        {{json}} not null,
    created_at bigint   not null,
    updated_at bigint   not null
);

create table request_schema (
    id            {{text}} primary key,
    form          {{json}} not null,
    justification {{text}} not null,
    created_by    {{text}} not null,
    created_at    bigint   not null,
    updated_at    bigint   not null,
    deleted_at    bigint,
    version       bigint   not null
);

-- What holds for the requests for an app. request_schema_id is here for whoever asks who uses a form.
create table request_defaults (
    app_id            {{text}} primary key,
    request_schema_id {{text}} not null,
    doc               {{json}} not null,
    created_at        bigint   not null,
    updated_at        bigint   not null,
    version           bigint   not null
);
create index request_defaults_schema on request_defaults (request_schema_id) where request_schema_id <> '';

-- The catalogs of defaults that are enabled, for one resource type of the app or, where that is empty, for all.
create table request_defaults_catalog (
    app_id           {{text}} not null,
    resource_type_id {{text}} not null,
    catalog_id       {{text}} not null,
    primary key (app_id, resource_type_id, catalog_id)
);
create index request_defaults_catalog_of on request_defaults_catalog (catalog_id, app_id);

-- The settings of all requests: one row, or none while nobody has changed anything.
create table request_settings (
    id         {{text}} primary key,
    doc        {{json}} not null,
    updated_at bigint   not null,
    version    bigint   not null
);

alter table entitlement add column request_schema_id {{text}} not null default '';
create index entitlement_request_schema on entitlement (request_schema_id) where request_schema_id <> '';
