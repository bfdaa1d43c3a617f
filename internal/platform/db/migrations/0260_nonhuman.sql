-- +goose Up
-- Services and agents are few, and listed by themselves.
create index users_nonhuman on users (id) where kind in ('SERVICE', 'AGENT');
