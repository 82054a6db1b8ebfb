-- What the permission check found: one row per kind of record, and one per silent gap.
create view dataset.permission_findings as
with found as (
    select d.id as datasource_id, f.probe
    from taskgauge.datasources d
    cross join lateral (
        select p.probe from jsonb_array_elements(
            case jsonb_typeof(d.doctor -> 'probes') when 'array' then d.doctor -> 'probes' else '[]' end
        ) as p (probe)
        union all
        select p.probe from jsonb_array_elements(
            case jsonb_typeof(d.doctor -> 'gaps') when 'array' then d.doctor -> 'gaps' else '[]' end
        ) as p (probe)
    ) f
),
states as (
    select
        f.datasource_id,
        f.probe,
        f.probe -> 'finding' ->> 'state' as state
    from found f
)
select
    t.datasource_id,
    t.probe ->> 'entity' as entity,
    t.probe ->> 'label' as records,
    case t.state
        when 'forbidden' then 'Forbidden'
        when 'gap' then 'Partly hidden'
        when 'suspiciously_empty' then 'Suspiciously empty'
        when 'unknown' then 'Not known'
        when 'empty' then 'Empty'
        else 'Readable'
    end as finding,
    case t.state
        when 'forbidden' then 1
        when 'gap' then 2
        when 'suspiciously_empty' then 3
        when 'unknown' then 4
        when 'empty' then 5
        else 6
    end as finding_order,
    coalesce(t.state in ('forbidden', 'gap', 'suspiciously_empty'), false) as is_missing,
    (t.probe -> 'finding' ->> 'rows')::bigint as rows_there,
    t.probe -> 'finding' ->> 'why' as why,
    (t.probe -> 'right' ->> 0) || ' → ' || (t.probe -> 'right' ->> 1) as setting
from states t;
