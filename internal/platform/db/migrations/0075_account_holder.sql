-- +goose Up
-- Whose an account was, and when: intervals [from_at, until_at), one after the other; the last is open while account.user_id names
-- somebody. While an account is nobody's it has no interval.
create table account_holder (
    app_id     {{text}} not null,
    account_id {{text}} not null,
    user_id    {{text}} not null,
    from_at    bigint   not null,
    until_at   bigint,
    primary key (app_id, account_id, from_at)
);
-- At most one holder at a time, whatever races.
create unique index account_holder_now on account_holder (app_id, account_id) where until_at is null;
create index account_holder_user on account_holder (user_id, account_id);

-- Who held the accounts before is not known: those who hold them now are taken to have had them from the beginning.
insert into account_holder (app_id, account_id, user_id, from_at)
    select app_id, id, user_id, created_at from account where user_id is not null;
