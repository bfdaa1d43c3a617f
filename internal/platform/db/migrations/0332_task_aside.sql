-- How often an event that waits for a task was tried, and the events that were put aside since they always led to an error.
-- +goose Up
alter table task_later add column tries bigint not null default 0;
create table task_aside (
    number  bigint   primary key,
    task_id {{text}} not null,
    event   {{text}} not null,
    reason  {{text}} not null,
    at      bigint   not null
);
