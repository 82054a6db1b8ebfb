-- Records that distort measures, one row per record and reason.
create view dataset.data_quality as
with found as (
    select t.datasource_id, 'Tickets' as entity, t.id, coalesce(t.ticket_number, '#' || t.id) as record, t.company_id,
        t.create_date as happened_at, k.reason
    from autotask.tickets t
    cross join lateral (
        values
            ('Ticket without company', t.company_id is null),
            (
                'Negative duration',
                least(t.completed_date, t.resolved_date_time, t.first_response_date_time) < t.create_date
            )
    ) as k (reason, holds)
    where t.deleted_at is null
        -- As the index of these rows says it.
        and (
            t.company_id is null
            or least(t.completed_date, t.resolved_date_time, t.first_response_date_time) < t.create_date
        )
        and k.holds
    union all
    -- A ticket whose other dates are before its creation as well is one record already.
    select t.datasource_id, 'Tickets', t.id, coalesce(t.ticket_number, '#' || t.id), t.company_id, t.create_date,
        'Negative duration'
    from autotask.tickets t
    where t.resolution_plan_date_time < t.create_date
        and (least(t.completed_date, t.resolved_date_time, t.first_response_date_time) < t.create_date) is not true
        and t.deleted_at is null
    union all
    select t.datasource_id, 'Opportunities', t.id, '#' || t.id, t.company_id, t.create_date, 'Negative duration'
    from autotask.opportunities t
    where t.closed_date < t.create_date
        and t.deleted_at is null
    union all
    select t.datasource_id, 'Tickets', t.id, coalesce(t.ticket_number, '#' || t.id), t.company_id, t.create_date,
        'Date in the future'
    from autotask.tickets t
    -- An hour is left for clocks that differ.
    where greatest(t.create_date, t.completed_date, t.resolved_date_time, t.first_response_date_time)
            > taskgauge.instant() + interval '1 hour'
        and t.deleted_at is null
    union all
    select t.datasource_id, 'TimeEntries', t.id, '#' || t.id,
        coalesce(
            (
                select tk.company_id
                from autotask.tickets tk
                where tk.datasource_id = t.datasource_id and tk.id = t.ticket_id
            ),
            (
                select pr.company_id
                from autotask.tasks ta
                join autotask.projects pr on pr.datasource_id = ta.datasource_id and pr.id = ta.project_id
                where ta.datasource_id = t.datasource_id and ta.id = t.task_id
            )
        ),
        coalesce(t.start_date_time, t.date_worked::timestamp at time zone w.time_zone), t.reason
    from (
        select t.*, k.reason
        from autotask.time_entries t
        cross join lateral (
            values
                -- Internal time has an internal category instead.
                (
                    'Time without ticket or task',
                    t.ticket_id is null and t.task_id is null and t.internal_billing_code_id is null
                ),
                ('Negative duration', t.hours_worked < 0 or t.end_date_time < t.start_date_time),
                ('Entry over 16 hours', t.hours_worked > 16)
        ) as k (reason, holds)
        -- As the index of these rows says it.
        where (
                t.ticket_id is null and t.task_id is null and t.internal_billing_code_id is null
                or t.hours_worked < 0
                or t.end_date_time < t.start_date_time
                or t.hours_worked > 16
            )
            and k.holds
        union all
        select t.*, 'Date in the future'
        from autotask.time_entries t
        join dataset.workspace w on w.datasource_id = t.datasource_id
        where t.date_worked > w.today
            -- Wherever the day may be, so that the index of dates is enough.
            and t.date_worked >= (taskgauge.instant() at time zone 'UTC')::date
    ) t
    join dataset.workspace w on w.datasource_id = t.datasource_id
    where t.deleted_at is null
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
