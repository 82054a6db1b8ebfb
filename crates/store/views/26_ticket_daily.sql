-- The backlog of each day, reckoned from events: a ticket adds one on the day of its creation and takes one away on the day
-- of its completion. Running sums per company, queue and priority give the level, which holds until the next event of that
-- group; it is spread over days only where it is not 0. So the work grows with the backlog, not with the history: closed
-- tickets of former years are left out first. A ticket that is open now counts as open since its creation, and all count
-- under the company, queue and priority they have now.
create view dataset.ticket_daily as
with tickets as (
    select
        t.datasource_id,
        t.company_id,
        t.queue_id,
        t.priority,
        w.today,
        w.today - 399 as first_day,
        (t.create_date at time zone w.time_zone)::date as opened_on,
        case
            when t.status = 5 then least(w.today, greatest(
                (coalesce(t.completed_date, t.last_activity_date, t.create_date) at time zone w.time_zone)::date,
                (t.create_date at time zone w.time_zone)::date
            ))
        end as closed_on
    from autotask.tickets t
    join dataset.workspace w on w.datasource_id = t.datasource_id
    where t.deleted_at is null
        and (t.ticket_category is null or t.ticket_category <> all (w.excluded_ticket_categories))
        and (w.queues_in_scope is null or t.queue_id = any (w.queues_in_scope))
        and (
            t.status <> 5
            or t.status is null
            or t.completed_date is null
            or t.completed_date >= taskgauge.instant() - interval '9648 hours'
        )
),
events as (
    select
        c.datasource_id,
        c.company_id,
        c.queue_id,
        c.priority,
        e.date,
        min(c.today) as today,
        sum(e.opened) as opened,
        sum(e.closed) as closed,
        sum(e.change) as change
    from tickets c
    cross join lateral (
        values
            (greatest(c.opened_on, c.first_day), (c.opened_on >= c.first_day)::int, 0, 1),
            (c.closed_on, 0, 1, -1)
    ) as e (date, opened, closed, change)
    where c.opened_on <= c.today
        and (c.closed_on is null or c.closed_on >= c.first_day)
        and e.date <= c.today
    group by c.datasource_id, c.company_id, c.queue_id, c.priority, e.date
),
levels as (
    select
        e.datasource_id,
        e.company_id,
        e.queue_id,
        e.priority,
        e.date,
        e.opened,
        e.closed,
        sum(e.change) over (g order by e.date) as open_at_end,
        coalesce(lead(e.date) over (g order by e.date), e.today + 1) as until
    from events e
    window g as (partition by e.datasource_id, e.company_id, e.queue_id, e.priority)
),
days as (
    select
        l.datasource_id,
        l.company_id,
        l.queue_id,
        l.priority,
        l.date + n.day as date,
        case n.day when 0 then l.opened else 0 end as opened,
        case n.day when 0 then l.closed else 0 end as closed,
        l.open_at_end
    from levels l
    cross join lateral generate_series(0, case l.open_at_end when 0 then 0 else l.until - l.date - 1 end) as n (day)
)
select
    t.datasource_id,
    t.date,
    t.company_id,
    coalesce(company.company_name, '#' || t.company_id) as company,
    t.queue_id,
    coalesce(queue_label.label, '#' || t.queue_id) as queue,
    queue_label.sort_order as queue_order,
    t.priority as priority_id,
    coalesce(priority_label.label, '#' || t.priority) as priority,
    priority_label.sort_order as priority_order,
    t.opened::bigint as opened,
    t.closed::bigint as closed,
    t.open_at_end::bigint as open_at_end
from days t
left join autotask.companies company
    on company.datasource_id = t.datasource_id and company.id = t.company_id
left join autotask.picklist_values queue_label
    on queue_label.datasource_id = t.datasource_id
        and queue_label.entity = 'Tickets'
        and queue_label.field = 'queueID'
        and queue_label.value = t.queue_id
left join autotask.picklist_values priority_label
    on priority_label.datasource_id = t.datasource_id
        and priority_label.entity = 'Tickets'
        and priority_label.field = 'priority'
        and priority_label.value = t.priority;
