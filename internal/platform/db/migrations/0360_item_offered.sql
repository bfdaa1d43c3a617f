-- What can be asked for is gathered from what offers it where that is little.
-- +goose Up
create index item_offered on item (app_id, resource_id) where offered;
