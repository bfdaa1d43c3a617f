-- Entitlements that the request defaults of their app leave alone.
-- +goose Up
alter table entitlement add column overrides_defaults boolean not null default false;
