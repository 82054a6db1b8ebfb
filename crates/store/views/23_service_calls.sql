-- Service calls by ticket and task; a call without either has one row. Members are listed rather than joined, so that
-- hours are not counted twice.
create view dataset.service_calls as
--
-- Members are looked for a line at a time, so that they cost nothing where they are not asked for.
with lines as (
    select s.datasource_id, s.id, s.service_call_id, s.ticket_id, null::bigint as task_id,
        s.id as ticket_line_id, null::bigint as task_line_id
    from autotask.service_call_tickets s
    where s.deleted_at is null
    union all
    -- Ids of the two tables overlap.
    select s.datasource_id, -s.id, s.service_call_id, null::bigint, s.task_id, null::bigint, s.id
    from autotask.service_call_tasks s
    where s.deleted_at is null
    union all
    select c.datasource_id, null::bigint, c.id, null::bigint, null::bigint, null::bigint, null::bigint
    from autotask.service_calls c
    where not exists (
            select
            from autotask.service_call_tickets s
            where s.datasource_id = c.datasource_id and s.service_call_id = c.id and s.deleted_at is null
        )
        and not exists (
            select
            from autotask.service_call_tasks s
            where s.datasource_id = c.datasource_id and s.service_call_id = c.id and s.deleted_at is null
        )
)
select
    sc.datasource_id,
    t.id,
    t.service_call_id,
    t.ticket_id,
    t.task_id,
    coalesce(tk.ticket_number, ta.task_number) as number,
    coalesce(tk.title, ta.title, '#' || coalesce(t.ticket_id, t.task_id)) as title,
    sc.company_id,
    coalesce(company.company_name, '#' || sc.company_id) as company,
    sc.company_location_id as location_id,
    coalesce(location.name, '#' || sc.company_location_id) as location,
    sc.status as status_id,
    coalesce(status_label.label, '#' || sc.status) as status,
    status_label.sort_order as status_order,
    tk.status as ticket_status_id,
    coalesce(ticket_status_label.label, '#' || tk.status) as ticket_status,
    ticket_status_label.sort_order as ticket_status_order,
    tk.queue_id,
    coalesce(queue_label.label, '#' || tk.queue_id) as queue,
    queue_label.sort_order as queue_order,
    tk.priority as priority_id,
    coalesce(priority_label.label, '#' || tk.priority) as priority,
    priority_label.sort_order as priority_order,
    members.first_id as assigned_resource_id,
    coalesce(
        dataset.person(assigned_resource.first_name, assigned_resource.last_name),
        '#' || members.first_id
    ) as assigned_resource,
    members.names as resources,
    members.number as resource_count,
    everyone.ids as call_resource_ids,
    sc.creator_resource_id as creator_id,
    coalesce(dataset.person(creator.first_name, creator.last_name), '#' || sc.creator_resource_id) as creator,
    sc.canceled_by_resource_id as canceled_by_id,
    coalesce(
        dataset.person(canceled_by.first_name, canceled_by.last_name),
        '#' || sc.canceled_by_resource_id
    ) as canceled_by,
    sc.start_date_time,
    sc.end_date_time,
    sc.create_date_time,
    sc.last_modified_date_time,
    sc.canceled_date_time,
    (sc.start_date_time at time zone w.time_zone)::date as start_on,
    coalesce(sc.duration, dataset.hours(sc.start_date_time, sc.end_date_time)) as duration,
    coalesce(
        sc.duration,
        dataset.hours(sc.start_date_time, sc.end_date_time)
    ) * greatest(members.number, 1) as scheduled_hours,
    coalesce(sc.is_complete = 1, false) as is_complete,
    (sc.canceled_date_time is not null) as is_canceled,
    (
        not coalesce(sc.is_complete = 1, false)
        and sc.canceled_date_time is null
        and coalesce(sc.end_date_time < w.now, false)
    ) as is_overdue,
    -- Tickets come before tasks, which have negative ids here.
    not exists (
        select
        from autotask.service_call_tickets o
        where o.datasource_id = t.datasource_id and o.service_call_id = t.service_call_id and o.deleted_at is null
            and (t.id < 0 or o.id < t.id)
    )
    and not exists (
        select
        from autotask.service_call_tasks o
        where o.datasource_id = t.datasource_id and o.service_call_id = t.service_call_id and o.deleted_at is null
            and o.id < -t.id
    ) as is_first,
    sc.description,
    sc.extra
from lines t
join autotask.service_calls sc on sc.datasource_id = t.datasource_id and sc.id = t.service_call_id
join dataset.workspace w on w.datasource_id = sc.datasource_id
left join lateral (
    select
        (array_agg(m.resource_id order by m.id))[1] as first_id,
        string_agg(
            coalesce(dataset.person(r.first_name, r.last_name), '#' || m.resource_id), ', ' order by m.id
        ) as names,
        count(*) as number
    from (
        select m.id, m.resource_id
        from autotask.service_call_ticket_resources m
        where m.datasource_id = t.datasource_id
            and m.service_call_ticket_id = t.ticket_line_id
            and m.deleted_at is null
        union all
        select m.id, m.resource_id
        from autotask.service_call_task_resources m
        where m.datasource_id = t.datasource_id and m.service_call_task_id = t.task_line_id and m.deleted_at is null
    ) m
    left join autotask.resources r on r.datasource_id = t.datasource_id and r.id = m.resource_id
) members on true
left join lateral (
    select to_jsonb(array_agg(m.resource_id order by m.resource_id)) as ids
    from (
        select m.resource_id
        from autotask.service_call_tickets s
        join autotask.service_call_ticket_resources m
            on m.datasource_id = s.datasource_id and m.service_call_ticket_id = s.id
        where s.datasource_id = sc.datasource_id
            and s.service_call_id = sc.id
            and s.deleted_at is null
            and m.deleted_at is null
        union
        select m.resource_id
        from autotask.service_call_tasks s
        join autotask.service_call_task_resources m
            on m.datasource_id = s.datasource_id and m.service_call_task_id = s.id
        where s.datasource_id = sc.datasource_id
            and s.service_call_id = sc.id
            and s.deleted_at is null
            and m.deleted_at is null
    ) m
) everyone on true
left join autotask.tickets tk
    on tk.datasource_id = sc.datasource_id and tk.id = t.ticket_id
left join autotask.tasks ta
    on ta.datasource_id = sc.datasource_id and ta.id = t.task_id
left join autotask.companies company
    on company.datasource_id = sc.datasource_id and company.id = sc.company_id
left join autotask.company_locations location
    on location.datasource_id = sc.datasource_id and location.id = sc.company_location_id
left join autotask.picklist_values status_label
    on status_label.datasource_id = sc.datasource_id
        and status_label.entity = 'ServiceCalls'
        and status_label.field = 'status'
        and status_label.value = sc.status
left join autotask.picklist_values ticket_status_label
    on ticket_status_label.datasource_id = sc.datasource_id
        and ticket_status_label.entity = 'Tickets'
        and ticket_status_label.field = 'status'
        and ticket_status_label.value = tk.status
left join autotask.picklist_values queue_label
    on queue_label.datasource_id = sc.datasource_id
        and queue_label.entity = 'Tickets'
        and queue_label.field = 'queueID'
        and queue_label.value = tk.queue_id
left join autotask.picklist_values priority_label
    on priority_label.datasource_id = sc.datasource_id
        and priority_label.entity = 'Tickets'
        and priority_label.field = 'priority'
        and priority_label.value = tk.priority
left join autotask.resources assigned_resource
    on assigned_resource.datasource_id = sc.datasource_id and assigned_resource.id = members.first_id
left join autotask.resources creator
    on creator.datasource_id = sc.datasource_id and creator.id = sc.creator_resource_id
left join autotask.resources canceled_by
    on canceled_by.datasource_id = sc.datasource_id and canceled_by.id = sc.canceled_by_resource_id
where sc.deleted_at is null;
