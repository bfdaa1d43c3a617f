-- +goose Up
-- Policies find people by their name.
create index users_name on users (display_name) where status <> 'DELETED';
