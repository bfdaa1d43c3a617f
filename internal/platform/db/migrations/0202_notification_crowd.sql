-- +goose Up
-- By their person notifications are looked for where a webhook has them, and nowhere else. What many people are told at once is one row
-- with all of them, and without a user, until its turn comes.
drop index notification_user;
create index notification_handed on notification (user_id) where state = 'handed';
alter table notification add column people {{json}};
