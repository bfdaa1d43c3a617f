-- Apps and what is inside them. Keys start with app_id, because the built-in ids are the same in every app.
-- search is what people search in, folded; sort_name is the folded display name cut to 64 characters, the order of every list.
-- +goose Up
create table app (
    id                  {{text}} primary key,
    display_name        {{text}} not null,
    description         {{text}} not null,
    search              {{text}} not null,
    sort_name           {{text}} not null,
    is_manually_managed boolean  not null,
    is_directory        boolean  not null,
    doc                 {{json}} not null,
    grant_policy_id     {{text}} not null default '',
    revoke_policy_id    {{text}} not null default '',
    certify_policy_id   {{text}} not null default '',
    created_by          {{text}} not null,
    created_at          bigint   not null,
    updated_at          bigint   not null,
    deleted_at          bigint,
    version             bigint   not null
);
create index app_name on app (sort_name, id);

create table resource_type (
    app_id       {{text}} not null,
    id           {{text}} not null,
    kind         {{text}} not null,
    display_name {{text}} not null,
    search       {{text}} not null,
    sort_name    {{text}} not null,
    builtin      boolean  not null,
    connector_id {{text}},
    external_id  {{text}} not null,
    created_at   bigint   not null,
    updated_at   bigint   not null,
    deleted_at   bigint,
    version      bigint   not null,
    primary key (app_id, id)
);
create index resource_type_name on resource_type (app_id, sort_name, id);
create unique index resource_type_kind on resource_type (app_id, kind) where kind <> 'CUSTOM' and deleted_at is null;
create unique index resource_type_external on resource_type (connector_id, external_id)
    where connector_id is not null and deleted_at is null;

create table resource (
    app_id             {{text}} not null,
    id                 {{text}} not null,
    resource_type_id   {{text}} not null,
    parent_resource_id {{text}},
    display_name       {{text}} not null,
    description        {{text}} not null,
    search             {{text}} not null,
    sort_name          {{text}} not null,
    connector_id       {{text}},
    external_id        {{text}} not null,
    doc                {{json}} not null,
    created_at         bigint   not null,
    updated_at         bigint   not null,
    deleted_at         bigint,
    version            bigint   not null,
    primary key (app_id, id)
);
create index resource_name on resource (app_id, sort_name, id);
create index resource_of_type on resource (app_id, resource_type_id, sort_name, id);
create unique index resource_external on resource (connector_id, external_id) where connector_id is not null and deleted_at is null;

create table entitlement (
    app_id            {{text}} not null,
    id                {{text}} not null,
    resource_type_id  {{text}} not null,
    resource_id       {{text}} not null,
    display_name      {{text}} not null,
    description       {{text}} not null,
    alias             {{text}} not null,
    slug              {{text}} not null,
    search            {{text}} not null,
    sort_name         {{text}} not null,
    purpose           {{text}} not null,
    max_grant_micros  bigint,
    connector_id      {{text}},
    external_id       {{text}} not null,
    builtin           boolean  not null,
    grant_policy_id   {{text}} not null default '',
    revoke_policy_id  {{text}} not null default '',
    certify_policy_id {{text}} not null default '',
    risk_level_id     {{text}} not null default '',
    doc               {{json}} not null,
    created_at        bigint   not null,
    updated_at        bigint   not null,
    deleted_at        bigint,
    version           bigint   not null,
    primary key (app_id, id)
);
create index entitlement_name on entitlement (app_id, sort_name, id);
create index entitlement_resource on entitlement (app_id, resource_id, sort_name, id);
create unique index entitlement_alias on entitlement (alias) where alias <> '' and deleted_at is null;
create unique index entitlement_external on entitlement (connector_id, external_id)
    where connector_id is not null and deleted_at is null;

create table account (
    app_id         {{text}} not null,
    id             {{text}} not null,
    user_id        {{text}},
    kind           {{text}} not null,
    status         {{text}} not null,
    status_details {{text}} not null,
    display_name   {{text}} not null,
    email          {{text}} not null,
    username       {{text}} not null,
    search         {{text}} not null,
    sort_name      {{text}} not null,
    connector_id   {{text}},
    external_id    {{text}} not null,
    doc            {{json}} not null,
    created_at     bigint   not null,
    updated_at     bigint   not null,
    deleted_at     bigint,
    version        bigint   not null,
    primary key (app_id, id)
);
create index account_user on account (user_id, app_id, id);
create index account_name on account (sort_name, app_id, id);
create index account_in_app on account (app_id, sort_name, id);
create index account_username on account (app_id, username);
create unique index account_external on account (connector_id, external_id) where connector_id is not null and deleted_at is null;

create table connector (
    app_id            {{text}} not null,
    id                {{text}} not null,
    kind              {{text}} not null,
    display_name      {{text}} not null,
    config            {{blob}} not null,
    status            {{text}} not null,
    status_text       {{text}} not null,
    sync_every_micros bigint   not null,
    sync_due_at       bigint,
    sync_lease        {{text}} not null,
    options           {{json}} not null,
    created_at        bigint   not null,
    updated_at        bigint   not null,
    deleted_at        bigint,
    version           bigint   not null,
    primary key (app_id, id)
);
create unique index connector_name on connector (app_id, kind, display_name) where deleted_at is null;
create index connector_due on connector (sync_due_at, id) where sync_due_at is not null and deleted_at is null;
