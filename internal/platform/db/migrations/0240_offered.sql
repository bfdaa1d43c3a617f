-- What an item says itself about being asked for, and by which words a catalog is found.
-- +goose Up
alter table item add column offered boolean not null default false; -- it can be asked for by whoever sees it
update item set offered = true where label <> ''; -- made where this is what everything new begins with

alter table catalog add column search {{text}} not null default '';
update catalog set search = sort_name;
