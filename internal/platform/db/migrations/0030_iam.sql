-- +goose Up
create table role (
    id              {{text}} primary key,
    name            {{text}} not null unique,
    display_name    {{text}} not null,
    display_folded  {{text}} not null,
    permissions     {{json}} not null,
    service_roles   {{json}} not null,
    system_builtin  boolean  not null,
    system_api_only boolean  not null,
    created_at      bigint   not null,
    updated_at      bigint   not null,
    deleted_at      bigint,
    version         bigint   not null
);
create unique index role_display on role (display_folded) where deleted_at is null and not system_builtin;

create table user_role (
    user_id    {{text}} not null,
    role_id    {{text}} not null,
    created_at bigint   not null,
    primary key (user_id, role_id)
);
create index user_role_role on user_role (role_id, user_id);

-- A credential: a personal client, or what a device was given when a person approved it (kind device, without a key).
create table client (
    id           {{text}} primary key,
    client_id    {{text}} not null unique,
    user_id      {{text}} not null,
    kind         {{text}} not null,
    device       {{text}} not null,
    display_name {{text}} not null,
    search       {{text}} not null,
    public_key   {{blob}} not null,
    cidrs        {{json}} not null,
    scoped_roles {{json}} not null,
    expires_at   bigint,
    bound_until  bigint,
    last_used_at bigint,
    created_by   {{text}} not null,
    created_at   bigint   not null,
    updated_at   bigint   not null,
    deleted_at   bigint,
    version      bigint   not null
);
create index client_user on client (user_id, id);
create index client_device on client (expires_at) where kind = 'device';

-- Assertions seen, until they expire: each is good once.
create table assertion (
    client_id  {{text}} not null,
    digest     {{blob}} not null,
    expires_at bigint   not null,
    primary key (client_id, digest)
);
create index assertion_expires on assertion (expires_at);

create table device_grant (
    device_hash {{blob}} primary key,
    user_hash   {{blob}} not null unique,
    app         {{text}} not null,
    source_ip   {{text}} not null,
    state       {{text}} not null,
    user_id     {{text}} not null,
    limits      {{json}} not null,
    created_at  bigint   not null,
    expires_at  bigint   not null
);
create index device_grant_expires on device_grant (expires_at);

create table login_link (
    hash       {{blob}} primary key,
    user_id    {{text}} not null,
    limits     {{json}} not null,
    created_by {{text}} not null,
    created_at bigint   not null,
    expires_at bigint   not null
);
create index login_link_expires on login_link (expires_at);

create table web_session (
    hash       {{blob}} primary key,
    id         {{text}} not null,
    user_id    {{text}} not null,
    limits     {{json}} not null,
    created_at bigint   not null,
    expires_at bigint   not null
);
create index web_session_expires on web_session (expires_at);

create table setting (
    name       {{text}} primary key,
    value      {{blob}} not null,
    updated_at bigint   not null
);
