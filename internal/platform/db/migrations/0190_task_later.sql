-- +goose Up

-- Events that a task could not take in the transaction in which they happened; the due loop brings them, those of one task in the
-- order of their numbers. A row goes in the transaction that has brought its event.
drop index task_late;
create table task_later (
    number  {{identity}},
    task_id {{text}} not null,
    event   {{text}} not null,
    due_at  bigint   not null
);
insert into task_later (task_id, event, due_at) select id, late, 0 from task where late <> '' order by number;
alter table task drop column late;
create index task_later_due on task_later (due_at, number);
create index task_later_task on task_later (task_id, number);
