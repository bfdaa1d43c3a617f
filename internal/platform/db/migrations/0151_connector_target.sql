-- +goose Up
-- Which target a connector has read: what the target calls itself. Empty until it has been read, or where it cannot be told.
alter table connector add column target_identity {{text}} not null default '';
