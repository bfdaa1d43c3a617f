-- What is to give powers is beyond them from when it is made; what was made before that was so is from now on.
-- +goose Up
insert into item_power (app_id, resource_id, doc, version)
    select app_id, resource_id, '[]', 1 from item where label = 'OPAL_SCOPED_ROLE'
    on conflict do nothing;
