-- Tasks that were asked for together: each but the first names the first, whose id is the request's.
-- +goose Up
alter table task add column first_id {{text}} not null default '';
create index task_first on task (first_id, number) where first_id <> '';
create index task_request on task (number) where kind = 'GRANT' and first_id = '';

-- What was said with a request that none of its tasks keeps. A request without it has no row here.
create table request (
    id  {{text}} primary key,
    doc {{json}} not null
);
