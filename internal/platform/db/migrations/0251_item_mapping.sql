-- Groups that are shown as roles of an app's resource, under another name or, to people, not at all.
-- +goose Up
create table item_mapping (
    resource_id  {{text}} not null,
    group_id     {{text}} not null,
    app_id       {{text}} not null, -- of the resource
    group_app_id {{text}} not null,
    alias        {{text}},          -- null: the group's own name
    hidden       boolean  not null,
    primary key (resource_id, group_id)
);
create index item_mapping_hidden on item_mapping (group_id, hidden);
create index item_mapping_app on item_mapping (app_id, resource_id);
create index item_mapping_group on item_mapping (group_app_id, group_id);
