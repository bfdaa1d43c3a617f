-- +goose Up
-- Groups that stand for one another. One of them is the source, which is asked for in place of the others; who leaves one leaves all.
create table group_link (
    id         {{text}} not null primary key,
    source_id  {{text}} not null,
    created_by {{text}} not null,
    created_at bigint   not null,
    version    bigint   not null
);

-- A group is in one link at most. The entitlement is what its members hold.
create table group_link_member (
    group_id       {{text}} not null primary key,
    link_id        {{text}} not null,
    app_id         {{text}} not null,
    entitlement_id {{text}} not null
);
create index group_link_member_of on group_link_member (link_id, group_id);
create unique index group_link_member_entitlement on group_link_member (app_id, entitlement_id);

-- Who left a linked group, and is to leave the others.
create table group_leaver (
    app_id         {{text}} not null,
    entitlement_id {{text}} not null,
    user_id        {{text}} not null,
    due_at         bigint   not null,
    primary key (app_id, entitlement_id, user_id)
);
create index group_leaver_due on group_leaver (due_at, app_id, entitlement_id, user_id);
