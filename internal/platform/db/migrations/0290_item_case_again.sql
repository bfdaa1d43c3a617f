-- What 0261 keeps of configurations, for all items: also for those that were configured before it, and for what asks for a proof of who
-- one is, which nobody can give with a request and which is therefore not offered.
-- +goose Up
delete from item_case_by;
delete from item_case;
{{if postgres}}
insert into item_case (app_id, resource_id, priority, allow, grouped, leveled)
    select i.app_id, i.resource_id, (c.value->>'priority')::bigint,
        coalesce((c.value->>'allow')::boolean, false) and not coalesce((c.value->>'mfa')::boolean, false),
        coalesce(jsonb_array_length(c.value->'condition'->'groups'), 0) > 0, coalesce(jsonb_array_length(c.value->'condition'->'levels'), 0) > 0
    from item i cross join lateral jsonb_array_elements(i.doc->'configurations') c
    where exists (select 1 from jsonb_array_elements(i.doc->'configurations') d
        where not coalesce((d.value->>'allow')::boolean, false) or coalesce((d.value->>'mfa')::boolean, false));
insert into item_case_by (app_id, resource_id, priority, via_app_id, via_entitlement_id, slug)
    select i.app_id, i.resource_id, k.priority, g.value->>'AppID', g.value->>'ID', ''
    from item_case k join item i on i.app_id = k.app_id and i.resource_id = k.resource_id
        cross join lateral jsonb_array_elements(i.doc->'configurations') c
        cross join lateral jsonb_array_elements(c.value->'condition'->'groups') g
    where (c.value->>'priority')::bigint = k.priority
    on conflict do nothing;
insert into item_case_by (app_id, resource_id, priority, via_app_id, via_entitlement_id, slug)
    select i.app_id, i.resource_id, k.priority, '', '', l.value #>> '{}'
    from item_case k join item i on i.app_id = k.app_id and i.resource_id = k.resource_id
        cross join lateral jsonb_array_elements(i.doc->'configurations') c
        cross join lateral jsonb_array_elements(c.value->'condition'->'levels') l
    where (c.value->>'priority')::bigint = k.priority
    on conflict do nothing;
{{else}}
insert into item_case (app_id, resource_id, priority, allow, grouped, leveled)
    select i.app_id, i.resource_id, json_extract(c.value, '$.priority'),
        coalesce(json_extract(c.value, '$.allow'), 0) and not coalesce(json_extract(c.value, '$.mfa'), 0),
        coalesce(json_array_length(c.value, '$.condition.groups'), 0) > 0, coalesce(json_array_length(c.value, '$.condition.levels'), 0) > 0
    from item i, json_each(i.doc, '$.configurations') c
    where exists (select 1 from json_each(i.doc, '$.configurations') d
        where not coalesce(json_extract(d.value, '$.allow'), 0) or coalesce(json_extract(d.value, '$.mfa'), 0));
insert into item_case_by (app_id, resource_id, priority, via_app_id, via_entitlement_id, slug)
    select i.app_id, i.resource_id, k.priority, json_extract(g.value, '$.AppID'), json_extract(g.value, '$.ID'), ''
    from item_case k join item i on i.app_id = k.app_id and i.resource_id = k.resource_id,
        json_each(i.doc, '$.configurations') c, json_each(c.value, '$.condition.groups') g
    where json_extract(c.value, '$.priority') = k.priority
    on conflict do nothing;
insert into item_case_by (app_id, resource_id, priority, via_app_id, via_entitlement_id, slug)
    select i.app_id, i.resource_id, k.priority, '', '', l.value
    from item_case k join item i on i.app_id = k.app_id and i.resource_id = k.resource_id,
        json_each(i.doc, '$.configurations') c, json_each(c.value, '$.condition.levels') l
    where json_extract(c.value, '$.priority') = k.priority
    on conflict do nothing;
{{end}}
