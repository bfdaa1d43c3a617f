-- +goose Up
-- Of a request for a group: the group, and the entitlement that its members hold. Then there is no subject, and target is that entitlement.
alter table task add column group_id {{text}} not null default '';
alter table task add column group_app_id {{text}} not null default '';
alter table task add column group_entitlement_id {{text}} not null default '';
create index task_group on task (group_app_id, group_entitlement_id) where state = 'OPEN' and group_app_id <> '';
-- By which task a binding was made; empty: none.
alter table proxy add column task_id {{text}} not null default '';
