-- Who is on which service call: a member counts once, however many tickets and tasks of the call are theirs. Members are
-- looked for a call at a time, of the calls that are asked for.
create view dataset.call_members as
select
    t.datasource_id,
    t.service_call_id,
    t.resource_id,
    coalesce(dataset.person(resource.first_name, resource.last_name), '#' || t.resource_id) as resource,
    sc.company_id,
    coalesce(company.company_name, '#' || sc.company_id) as company,
    (sc.start_date_time at time zone w.time_zone)::date as start_on,
    sc.start_date_time,
    sc.end_date_time,
    coalesce(sc.duration, dataset.hours(sc.start_date_time, sc.end_date_time)) as duration,
    coalesce(sc.is_complete = 1, false) as is_complete,
    (sc.canceled_date_time is not null) as is_canceled
from autotask.service_calls sc
join dataset.workspace w on w.datasource_id = sc.datasource_id
cross join lateral (
    select m.datasource_id, s.service_call_id, m.resource_id
    from autotask.service_call_tickets s
    join autotask.service_call_ticket_resources m
        on m.datasource_id = s.datasource_id and m.service_call_ticket_id = s.id
    where s.datasource_id = sc.datasource_id
        and s.service_call_id = sc.id
        and s.deleted_at is null
        and m.deleted_at is null
    union
    select m.datasource_id, s.service_call_id, m.resource_id
    from autotask.service_call_tasks s
    join autotask.service_call_task_resources m
        on m.datasource_id = s.datasource_id and m.service_call_task_id = s.id
    where s.datasource_id = sc.datasource_id
        and s.service_call_id = sc.id
        and s.deleted_at is null
        and m.deleted_at is null
) t
left join autotask.resources resource
    on resource.datasource_id = t.datasource_id and resource.id = t.resource_id
left join autotask.companies company
    on company.datasource_id = t.datasource_id and company.id = sc.company_id
where sc.deleted_at is null;
