-- +goose Up
-- API tokens: clients of kind token, which are their own proof. Kept as a hash, shown by their last characters.
alter table client add column token_hash {{blob}};
alter table client add column preview {{text}} not null default '';
alter table client add column read_only boolean not null default false;
create unique index client_token on client (token_hash) where token_hash is not null;
create index client_token_live on client (id) where kind = 'token' and deleted_at is null;
create index client_token_user on client (user_id, id) where kind = 'token' and deleted_at is null;
