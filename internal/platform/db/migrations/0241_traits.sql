-- Rules that go by people's tags and status, and which tags those are.
-- +goose Up
alter table automation add column traits {{json}};
alter table automation add column paused boolean not null default false; -- it gives and takes nothing

create table automation_tag (
    app_id         {{text}} not null,
    entitlement_id {{text}} not null,
    key            {{text}} not null,
    value          {{text}} not null,
    primary key (app_id, entitlement_id, key, value)
);
create index automation_tag_of on automation_tag (key, value, app_id, entitlement_id);
