-- +goose Up
-- How far people were told of ends to come: of all that end up to (told_at, told_id), the lead of the row ahead. lead is in microseconds.
create table grant_warning (
    lead    bigint   primary key,
    told_at bigint   not null,
    told_id {{text}} not null
);
