-- +goose Up
-- Where a mapping stands among those of its resource, for whoever sets them as a list.
alter table item_mapping add column place bigint not null default 0;
