-- +goose Up
-- Who answers for whom, and when: from from_at on and before until_at, if that is set. A row that closed_at or deleted_at is set of
-- is history.
create table delegation (
    id         {{text}} primary key,
    delegator  {{text}} not null,
    delegate   {{text}} not null,
    from_at    bigint   not null,
    until_at   bigint,
    mode       {{text}} not null,
    reason     {{text}} not null,
    created_by {{text}} not null,
    created_at bigint   not null,
    updated_at bigint   not null,
    deleted_at bigint,
    closed_at  bigint,
    doc        {{json}} not null,
    version    bigint   not null
);
create unique index delegation_reassign on delegation (delegator) where mode = 'REASSIGN' and deleted_at is null;
create index delegation_delegator on delegation (delegator, id);
create index delegation_delegate on delegation (delegate, id);
create index delegation_for on delegation (delegator, until_at) where deleted_at is null and closed_at is null;
create index delegation_by on delegation (delegate, until_at) where deleted_at is null and closed_at is null;
create index delegation_due on delegation (until_at, id) where closed_at is null and deleted_at is null and until_at is not null;
