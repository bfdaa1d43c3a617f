-- +goose Up
create table schema_info (
    id         integer primary key check (id = 1),
    min_reader bigint not null
);
insert into schema_info (id, min_reader) values (1, 1);
