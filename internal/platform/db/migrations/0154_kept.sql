-- +goose Up
-- For a source that is kept Interim itself keeps the membership in the target; for the others the target passes it on. Until now only
-- rules and bindings of entitlements passed anything on, and those keep.
alter table grant_source add column kept boolean not null default true;
alter table grants add column kept bigint not null default 0;
update grants set kept = derived where ended_at is null and derived > 0;
-- How many readings in a row missed what is kept.
alter table grants add column put_back bigint not null default 0;

-- What the last pass of a rule thought too much to take, and whether somebody said to take it all the same.
alter table automation add column doubt {{text}} not null default '';
