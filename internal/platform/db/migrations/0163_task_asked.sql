-- +goose Up

-- Whom a step asked that is over: they keep seeing the task.
create table task_asked (
    user_id {{text}} not null,
    task_id {{text}} not null,
    primary key (user_id, task_id)
);

create index task_stand_for on task_stand (for_id, task_id);
