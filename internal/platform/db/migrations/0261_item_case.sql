-- Whom the configurations of an item let ask for it, for statements that list what can be asked for. Items that nobody is refused by
-- have no rows. An item that was configured before is listed as it was until its configurations are written again; a request for it is
-- refused all the same.
-- +goose Up
create table item_case (
    app_id      {{text}} not null,
    resource_id {{text}} not null,
    priority    bigint   not null,
    allow       boolean  not null,
    grouped     boolean  not null, -- it holds for who has access by one of its item_case_by alone
    leveled     boolean  not null, -- it holds for the levels alone that its item_case_by name
    primary key (app_id, resource_id, priority)
);

create table item_case_by (
    app_id             {{text}} not null,
    resource_id        {{text}} not null,
    priority           bigint   not null,
    via_app_id         {{text}} not null, -- empty: a level
    via_entitlement_id {{text}} not null,
    slug               {{text}} not null,
    primary key (app_id, resource_id, priority, via_app_id, via_entitlement_id, slug)
);
