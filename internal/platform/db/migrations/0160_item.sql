-- What is known of resources as people ask for them, beside what the app's resources are. A resource without a row here is seen by
-- everybody and is called after its type.
-- +goose Up
alter table resource add column is_group boolean not null default false; -- its type is of the kind GROUP
update resource set is_group = true
    where (app_id, resource_type_id) in (select t.app_id, t.id from resource_type t where t.kind = 'GROUP');
create index resource_listed on resource (is_group, id) where deleted_at is null;
create index resource_id on resource (id);
create index resource_child on resource (app_id, parent_resource_id, id) where parent_resource_id is not null and deleted_at is null;

create table item (
    app_id      {{text}} not null,
    resource_id {{text}} not null,
    label       {{text}} not null,
    limited     boolean  not null,
    doc         {{json}} not null,
    version     bigint   not null,
    primary key (app_id, resource_id)
);

create table item_audience (
    app_id         {{text}} not null,
    resource_id    {{text}} not null,
    via_app_id         {{text}} not null,
    via_entitlement_id {{text}} not null,
    primary key (app_id, resource_id, via_app_id, via_entitlement_id)
);
create index item_audience_via on item_audience (via_app_id, via_entitlement_id);
