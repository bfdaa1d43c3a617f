-- Policies: as they are, every state they were ever saved in, and which policies refer to which; and the policies that apps and
-- entitlements choose, which their columns of 0040 hold. doc is the whole policy; its other columns are what lists look at.
-- +goose Up
create table policy (
    id             {{text}} primary key,
    kind           {{text}} not null,
    display_name   {{text}} not null,
    search         {{text}} not null,
    sort_name      {{text}} not null,
    scope_app_id   {{text}} not null,
    scope_id       {{text}} not null,
    scope_slot     {{text}} not null,
    doc            {{json}} not null,
    builtin        boolean  not null,
    generation_id  {{text}} not null,
    created_at     bigint   not null,
    updated_at     bigint   not null,
    deleted_at     bigint,
    version        bigint   not null
);
create index policy_name on policy (sort_name, id);

create table policy_generation (
    id         {{text}} primary key,
    policy_id  {{text}} not null,
    doc        {{json}} not null,
    created_at bigint   not null
);
create index policy_generation_of on policy_generation (policy_id, created_at);

-- by_id refers to policy_id: by a rule or as its baseline (kind 'policy'), or by an escalation (kind 'escalation').
create table policy_use (
    policy_id {{text}} not null,
    by_kind   {{text}} not null,
    by_id     {{text}} not null,
    primary key (policy_id, by_kind, by_id)
);
create index policy_use_by on policy_use (by_id, by_kind);

alter table entitlement add column emergency_grant_policy_id {{text}} not null default '';
alter table entitlement add column emergency_grant_enabled boolean not null default false;

create index app_grant_policy on app (grant_policy_id) where grant_policy_id <> '';
create index app_revoke_policy on app (revoke_policy_id) where revoke_policy_id <> '';
create index app_certify_policy on app (certify_policy_id) where certify_policy_id <> '';
create index entitlement_grant_policy on entitlement (grant_policy_id) where grant_policy_id <> '';
create index entitlement_revoke_policy on entitlement (revoke_policy_id) where revoke_policy_id <> '';
create index entitlement_certify_policy on entitlement (certify_policy_id) where certify_policy_id <> '';
create index entitlement_emergency_policy on entitlement (emergency_grant_policy_id) where emergency_grant_policy_id <> '';
