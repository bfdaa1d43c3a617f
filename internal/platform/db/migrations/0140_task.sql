-- +goose Up
-- One row for each request. What is searched, sorted or due is a column; doc is the rest: the plan, the steps, the request's data.
-- number is what people call a task by: unique and increasing, with gaps, and taken without waiting for others.
create table task (
    number           {{identity}},
    id               {{text}} not null unique,
    kind             {{text}} not null,
    state            {{text}} not null,
    processing       {{text}} not null,
    outcome          {{text}} not null,
    outcome_at       bigint,
    origin           {{text}} not null,
    app_id           {{text}} not null,
    entitlement_id   {{text}} not null,
    resource_id      {{text}} not null,
    resource_type_id {{text}} not null,
    account_id       {{text}} not null,
    target           {{text}} not null, -- the account, else the subject: of whom only one such task is open
    subject_id       {{text}} not null,
    opener_id        {{text}} not null,
    display_name     {{text}} not null,
    description      {{text}} not null,
    search           {{text}} not null,
    account_sort     {{text}} not null,
    resource_sort    {{text}} not null,
    subject_sort     {{text}} not null,
    duration_micros  bigint   not null,
    emergency        boolean  not null,
    extension        boolean  not null,
    parent_id        {{text}} not null,
    review_id        {{text}} not null,
    policy_id        {{text}} not null,
    generation_id    {{text}} not null,
    grant_id         {{text}} not null,
    step_id          {{text}} not null, -- the step that is open; empty: none
    step             {{text}} not null, -- APPROVAL, PROVISION or WAIT
    step_kind        {{text}} not null, -- of an approval who decides, of a provision step how it is done
    tier             {{text}} not null,
    delegates        boolean  not null, -- delegates may decide the step
    self             boolean  not null, -- the subject and the opener may
    distinct_people  boolean  not null, -- who approved before may not
    approval_reason  boolean  not null,
    denial_reason    boolean  not null,
    comments         bigint   not null,
    due_at           bigint,
    late             {{text}} not null default '', -- an event that the due loop brings at once
    doc              {{text}} not null,
    created_at       bigint   not null,
    updated_at       bigint   not null,
    deleted_at       bigint,
    version          bigint   not null
);
-- Of a subject or account, an entitlement and a kind one task is open, whatever races. The end of a grant waits for nobody.
create unique index task_open on task (target, app_id, entitlement_id, kind) where state = 'OPEN' and origin <> 'TIME_REVOKE';
create index task_created on task (created_at, number);
create index task_state on task (state, number);
create index task_subject on task (subject_id, number);
create index task_opener on task (opener_id, number);
create index task_account on task (account_id, number);
create index task_entitlement on task (app_id, entitlement_id, number);
create index task_resource on task (app_id, resource_id, entitlement_id, number);
create index task_outcome on task (outcome_at, number) where outcome_at is not null;
create index task_review on task (review_id, number) where review_id <> '';
create index task_parent on task (parent_id, state) where parent_id <> '';
create index task_account_sort on task (account_sort, number);
create index task_resource_sort on task (resource_sort, number);
create index task_subject_sort on task (subject_sort, number);
create index task_due on task (due_at, number) where due_at is not null;
create index task_late on task (number) where late <> '';
create index task_grant on task (grant_id) where grant_id <> '' and step = 'PROVISION';

-- Whom the open step of a task asks, by what they are: a user, the managers of a user, the holders of an entitlement (app_id,
-- object_id), the primary owners of an object (of_kind, app_id, object_id), the Super Administrators.
create table task_slot (
    task_id   {{text}} not null,
    kind      {{text}} not null,
    user_id   {{text}} not null,
    of_kind   {{text}} not null,
    app_id    {{text}} not null,
    object_id {{text}} not null,
    number    bigint   not null,
    primary key (task_id, kind, user_id, of_kind, app_id, object_id)
);
create index task_slot_user on task_slot (kind, user_id, number);
create index task_slot_object on task_slot (kind, of_kind, app_id, object_id, number);

-- Who answers for whom at the open step instead of them, since it opened.
create table task_stand (
    task_id       {{text}} not null,
    for_id        {{text}} not null,
    user_id       {{text}} not null,
    delegation_id {{text}} not null,
    primary key (task_id, for_id)
);
create index task_stand_user on task_stand (user_id, task_id);
create index task_stand_delegation on task_stand (delegation_id, task_id);

-- Who did what to which step.
create table task_act (
    task_id {{text}} not null,
    step_id {{text}} not null,
    user_id {{text}} not null,
    for_id  {{text}} not null,
    kind    {{text}} not null,
    at      bigint   not null
);
create index task_act_user on task_act (user_id, at, task_id);
create index task_act_task on task_act (task_id, user_id);

-- The history of a task, for people.
create table task_event (
    id         {{text}} primary key,
    task_id    {{text}} not null,
    at         bigint   not null,
    kind       {{text}} not null,
    user_id    {{text}} not null,
    for_id     {{text}} not null,
    step_id    {{text}} not null,
    state      {{text}} not null,
    note       {{text}} not null,
    data       {{text}} not null
);
create index task_event_task on task_event (task_id, id);
