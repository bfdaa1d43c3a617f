-- What a person signed in with ends with the person, and is found by them.
-- +goose Up
create index web_session_user on web_session (user_id);
create index login_link_user on login_link (user_id);
create index device_grant_user on device_grant (user_id) where user_id <> '';
