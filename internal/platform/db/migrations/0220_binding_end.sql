-- +goose Up
-- A binding may have an end, and so may what it passes on: until_at is when a source ends by itself, and derived_until when the last of
-- a grant's sources does, unless one of them has no end.
alter table proxy add column until_at bigint;
alter table grant_source add column until_at bigint;
alter table grants add column derived_until bigint;
create index grants_passed on grants (derived_until, id) where derived_until is not null and ending_at is null;
