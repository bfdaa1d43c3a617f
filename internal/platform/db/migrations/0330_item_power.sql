-- What whoever has access to an item may do beside what their roles let them; see iam.Power. A row is there from when it was first said,
-- be it nothing: what gives powers is not changed by them. Most installations have none or a few.
-- +goose Up
create table item_power (
    app_id      {{text}} not null,
    resource_id {{text}} not null,
    doc         {{json}} not null,
    version     bigint   not null,
    primary key (app_id, resource_id)
);

-- What was made to give powers before they could be said gives none yet.
insert into item_power (app_id, resource_id, doc, version)
    select app_id, resource_id, '[]', 1 from item where label = 'OPAL_SCOPED_ROLE';
