-- The history of a task is read by the task and written with each of its steps: it lies in that order, in one tree in the place of three.
-- +goose Up
create table task_history (
    task_id    {{text}} not null,
    id         {{text}} not null,
    at         bigint   not null,
    kind       {{text}} not null,
    user_id    {{text}} not null,
    for_id     {{text}} not null,
    step_id    {{text}} not null,
    state      {{text}} not null,
    note       {{text}} not null,
    data       {{text}} not null,
    primary key (task_id, id)
) {{clustered}};
insert into task_history (task_id, id, at, kind, user_id, for_id, step_id, state, note, data)
    select task_id, id, at, kind, user_id, for_id, step_id, state, note, data from task_event;
drop table task_event;
alter table task_history rename to task_event;
