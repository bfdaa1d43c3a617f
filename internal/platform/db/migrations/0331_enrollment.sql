-- Catalogs enroll people: their enrollment is an entitlement of Interim's own app, whose holders get what is in the catalog.
-- +goose Up
alter table catalog add column enrollment {{text}} not null default ''; -- empty: nobody can be enrolled
alter table catalog add column bundle boolean not null default false;   -- it can be asked for as a whole
create index catalog_enrollment on catalog (enrollment) where enrollment <> '';

alter table automation add column breaker {{json}};
alter table automation add column matched bigint not null default 0;
alter table proxy add column on_loss {{text}} not null default '';
