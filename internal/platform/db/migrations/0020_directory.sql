-- +goose Up
create table users (
    id                {{text}} primary key,
    kind              {{text}} not null,
    origin            {{text}} not null,
    status            {{text}} not null,
    display_name      {{text}} not null,
    email             {{text}} not null,
    email_folded      {{text}} not null,
    username          {{text}} not null,
    job_title         {{text}} not null,
    department        {{text}} not null,
    employment_status {{text}} not null,
    employment_type   {{text}} not null,
    doc               {{json}} not null,
    search            {{text}} not null,
    created_at        bigint   not null,
    updated_at        bigint   not null,
    deleted_at        bigint,
    version           bigint   not null
);
create unique index users_email on users (email_folded) where status <> 'DELETED' and email_folded <> '';
create index users_created on users (created_at, id);

create table user_manager (
    user_id    {{text}} not null,
    manager_id {{text}} not null,
    primary key (user_id, manager_id)
);
create index user_manager_manager on user_manager (manager_id, user_id);
