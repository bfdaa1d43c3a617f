-- Events are looked up by the name and the preview of the API token that was used.
-- +goose Up
create index client_token_preview on client (preview, display_name, id) where kind = 'token';
