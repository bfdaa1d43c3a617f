-- Streams that send what happens to other systems, and the order in which events lie in the log.
-- +goose Up
{{if postgres}}
-- SQLite has one writer, so its rows lie in the order in which they were committed. Here transactions commit in any order. An event gets
-- a number, and its transaction an id before that: whoever sees a number can wait until no transaction is left that may still show a
-- lower one (package audit, place.go). Events from before this migration have none and are in no stream.
create sequence event_seq;
alter table event add column seq bigint;
alter table event alter column seq set default (case when pg_current_xact_id() is not null then nextval('event_seq') end);
alter sequence event_seq owned by event.seq;
create index event_in_order on event (seq) where seq is not null;
{{end}}
-- A handful of rows. place is that of the last event that was delivered; due_at is when the next batch may be sent, or when the lease of
-- whoever sends one ends.
create table event_stream (
    id          {{text}} primary key,
    name        {{text}} not null,
    url         {{text}} not null,
    credentials {{blob}} not null, -- sealed
    enabled     boolean  not null,
    reason      {{text}} not null, -- why Interim disabled it
    place       bigint   not null,
    due_at      bigint   not null,
    lease       {{text}} not null,
    failures    bigint   not null, -- in a row
    last_error  {{text}} not null,
    sent_at     bigint,
    created_by  {{text}} not null,
    created_at  bigint   not null,
    updated_at  bigint   not null,
    version     bigint   not null
);
