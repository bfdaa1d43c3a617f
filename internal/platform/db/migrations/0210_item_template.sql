-- Settings that items take from one place. What an item took, and from which state of the template, is kept with it.
-- +goose Up
create table item_template (
    id         {{text}} primary key,
    name       {{text}} not null,
    doc        {{json}} not null,
    version    bigint   not null,
    follow_at  bigint   -- there are items that have not taken this state yet: when the next of them do; null: all have
);
create unique index item_template_name on item_template (name);
create index item_template_follow on item_template (follow_at) where follow_at is not null;

alter table item add column template_id {{text}} not null default '';
alter table item add column template_version bigint not null default 0;
create index item_template_item on item (template_id, template_version, resource_id) where template_id <> '';
