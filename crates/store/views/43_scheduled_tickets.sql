-- Open tickets whose status says that they are scheduled, and the call that should be behind it.
create view dataset.scheduled_tickets as
select
    t.datasource_id,
    t.id,
    t.ticket_number,
    t.title,
    t.company_id,
    t.company,
    t.status_id,
    t.status,
    t.status_order,
    t.queue_id,
    t.queue,
    t.queue_order,
    t.priority_id,
    t.priority,
    t.priority_order,
    t.assigned_resource_id,
    t.assigned_resource,
    t.create_date,
    t.idle_hours,
    c.next_call,
    (c.next_call is not null) as has_call
from dataset.tickets_14d t
join dataset.workspace w on w.datasource_id = t.datasource_id
cross join lateral (
    select min(sc.start_date_time) as next_call
    from autotask.service_call_tickets s
    join autotask.service_calls sc
        on sc.datasource_id = s.datasource_id and sc.id = s.service_call_id
    where s.datasource_id = t.datasource_id
        and s.ticket_id = t.id
        and s.deleted_at is null
        and sc.deleted_at is null
        and sc.canceled_date_time is null
        and not coalesce(sc.is_complete = 1, false)
        and coalesce(sc.end_date_time, sc.start_date_time) >= w.now
) c
where t.is_open and t.status ilike '%scheduled%';
