-- +goose Up

-- When a delegate was last told of a delegation of that person: once a day, however often it is changed.
create table delegation_told (
    delegator {{text}} not null,
    delegate  {{text}} not null,
    told_at   bigint   not null,
    primary key (delegator, delegate)
);
