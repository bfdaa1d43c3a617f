-- In which order lists were given, for whoever reads them back: owners of an object, entitlements of a catalog and its audience.
-- +goose Up
alter table owner_user add column place bigint not null default 0;
alter table catalog_entry add column place bigint not null default 0;
alter table catalog_audience add column place bigint not null default 0;
