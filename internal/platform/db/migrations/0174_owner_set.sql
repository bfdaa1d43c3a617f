-- Sets of owners that have a name and are shared by what they own. A set names its members, in an order, or has those who hold an
-- entitlement at the moment of the question (via_…); then doc keeps the order in which they were put, and there are no rows of members.
-- +goose Up
create table owner_set (
    id                 {{text}} not null primary key,
    name               {{text}} not null,
    name_folded        {{text}} not null,
    doc                {{json}} not null,
    via_app_id         {{text}},
    via_entitlement_id {{text}},
    created_at         bigint   not null,
    updated_at         bigint   not null,
    deleted_at         bigint,
    version            bigint   not null
);
create unique index owner_set_name on owner_set (name_folded) where deleted_at is null;
create index owner_set_via on owner_set (via_app_id, via_entitlement_id);

create table owner_set_member (
    set_id  {{text}} not null,
    user_id {{text}} not null,
    place   bigint   not null,
    primary key (set_id, user_id)
);
create index owner_set_member_of on owner_set_member (user_id, set_id);

-- Which set owns what, under which role, instead of rows of owner_user and owner_entitlement. A set itself is one of the objects, so
-- that its members are found as owners are: (kind 'set', app_id '', object_id = set_id).
create table owner_from_set (
    kind       {{text}} not null,
    app_id     {{text}} not null,
    object_id  {{text}} not null,
    role       {{text}} not null,
    set_id     {{text}} not null,
    created_at bigint   not null,
    primary key (kind, app_id, object_id, role)
);
create index owner_from_set_of on owner_from_set (set_id, role, kind, app_id, object_id);
