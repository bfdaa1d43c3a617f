-- +goose Up
-- Who owns what, under which role: users, and entitlements whose holders own it. An app is in itself (object_id = app_id), a user in
-- no app (app_id = ''). Rows about what was deleted stay as they are and count for nothing.
create table owner_user (
    kind       {{text}} not null,
    app_id     {{text}} not null,
    object_id  {{text}} not null,
    role       {{text}} not null,
    user_id    {{text}} not null,
    created_at bigint   not null,
    primary key (kind, app_id, object_id, role, user_id)
);
create index owner_user_owns on owner_user (user_id, role, kind, app_id, object_id);

create table owner_entitlement (
    kind               {{text}} not null,
    app_id             {{text}} not null,
    object_id          {{text}} not null,
    role               {{text}} not null,
    via_app_id         {{text}} not null,
    via_entitlement_id {{text}} not null,
    created_at         bigint   not null,
    primary key (kind, app_id, object_id, role, via_app_id, via_entitlement_id)
);
create index owner_entitlement_owns on owner_entitlement (via_app_id, via_entitlement_id, role, kind, app_id, object_id);
