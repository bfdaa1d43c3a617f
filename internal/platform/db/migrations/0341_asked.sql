-- Catalogs and their automations that have people asked before they give or take.
-- +goose Up
alter table automation add column asks boolean not null default false;
alter table proxy add column ask_giving boolean not null default false;
alter table proxy add column ask_taking boolean not null default false;

-- About whom a binding, or a rule, which is from an entitlement to itself, has had somebody asked.
create table asked (
    src_app_id         {{text}} not null,
    src_entitlement_id {{text}} not null,
    dst_app_id         {{text}} not null,
    dst_entitlement_id {{text}} not null,
    user_id            {{text}} not null,
    taking             boolean  not null, -- whether it is to be taken; else whether it is to be given
    task_id            {{text}} not null, -- empty: nobody had to be asked, or could be
    until_at           bigint,            -- the end of what was given, but for that of the enrollment
    note               {{text}} not null, -- why nobody could be asked, for people
    created_at         bigint   not null,
    primary key (src_app_id, src_entitlement_id, dst_app_id, dst_entitlement_id, user_id)
);
create index asked_of on asked (dst_app_id, dst_entitlement_id, user_id);
