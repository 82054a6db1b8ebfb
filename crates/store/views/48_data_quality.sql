-- Records that distort measures, one row per record and reason.
create view dataset.data_quality as
with found as (
    select t.datasource_id, 'Tickets' as entity, t.id, coalesce(t.ticket_number, '#' || t.id) as record, t.company_id,
        t.create_date as happened_at, k.reason
    from autotask.tickets t
    join dataset.workspace w on w.datasource_id = t.datasource_id
    cross join lateral (
        values
            ('Ticket without company', t.company_id is null),
            (
                'Negative duration',
                least(t.completed_date, t.resolved_date_time, t.first_response_date_time) < t.create_date
            ),
            -- An hour is left for clocks that differ.
            (
                'Date in the future',
                greatest(t.create_date, t.completed_date, t.resolved_date_time, t.first_response_date_time)
                > w.now + interval '1 hour'
            )
    ) as k (reason, holds)
    where t.deleted_at is null and k.holds
    union all
    select t.datasource_id, 'TimeEntries', t.id, '#' || t.id, coalesce(tk.company_id, pr.company_id),
        coalesce(t.start_date_time, t.date_worked::timestamp at time zone w.time_zone), k.reason
    from autotask.time_entries t
    join dataset.workspace w on w.datasource_id = t.datasource_id
    left join autotask.tickets tk on tk.datasource_id = t.datasource_id and tk.id = t.ticket_id
    left join autotask.tasks ta on ta.datasource_id = t.datasource_id and ta.id = t.task_id
    left join autotask.projects pr on pr.datasource_id = t.datasource_id and pr.id = ta.project_id
    cross join lateral (
        values
            -- Internal time has an internal category instead.
            (
                'Time without ticket or task',
                t.ticket_id is null and t.task_id is null and t.internal_billing_code_id is null
            ),
            ('Negative duration', t.hours_worked < 0 or t.end_date_time < t.start_date_time),
            ('Entry over 16 hours', t.hours_worked > 16),
            ('Date in the future', t.date_worked > w.today)
    ) as k (reason, holds)
    where t.deleted_at is null and k.holds
    union all
    -- The price of a period is taken for the price of all its units. Where it is that of one, revenue is too small.
    select u.datasource_id, 'ContractServiceUnits', u.id, u.contract || ', ' || u.service, u.company_id,
        u.start_date::timestamp at time zone w.time_zone, 'Price of one unit for several'
    from dataset.service_units u
    join dataset.workspace w on w.datasource_id = u.datasource_id
    where u.units > 1 and u.price = u.unit_price and u.price <> 0
    union all
    select q.datasource_id, q.entity, q.id, '#' || q.id, null, q.at, 'Record that could not be read'
    from taskgauge.quarantine q
)
select
    t.datasource_id,
    t.id as record_id,
    t.reason,
    t.entity,
    t.record,
    t.company_id,
    coalesce(company.company_name, '#' || t.company_id) as company,
    t.happened_at
from found t
left join autotask.companies company
    on company.datasource_id = t.datasource_id and company.id = t.company_id;
