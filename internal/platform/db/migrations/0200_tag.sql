-- Words that people put on users and resources to find them by.
-- +goose Up
create table tag (
    id         {{text}} primary key,
    key        {{text}} not null,
    value      {{text}} not null, -- may be empty
    created_by {{text}} not null, -- empty: nobody in person
    created_at bigint   not null,
    unique (key, value)
);

create table tag_user (
    user_id {{text}} not null,
    tag_id  {{text}} not null,
    primary key (user_id, tag_id)
);
create index tag_user_tag on tag_user (tag_id, user_id);

create table tag_resource (
    resource_id {{text}} not null,
    tag_id      {{text}} not null,
    app_id      {{text}} not null,
    primary key (resource_id, tag_id)
);
create index tag_resource_tag on tag_resource (tag_id, resource_id);
create index tag_resource_app on tag_resource (app_id, resource_id);
