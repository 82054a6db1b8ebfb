-- What utilization is reckoned against: every active member on every day, whether time was entered or not. Days before
-- the first one that a question is about are not made.
create view dataset.member_days as
with days as (
    select
        m.datasource_id,
        m.id as resource_id,
        m.name as resource,
        m.department_id,
        m.department,
        l.holiday_set_id,
        w.today,
        w.today + n.day as date,
        case
            when m.hire_date > w.today + n.day then 0
            else case extract(isodow from w.today + n.day)
                when 1 then m.monday_hours
                when 2 then m.tuesday_hours
                when 3 then m.wednesday_hours
                when 4 then m.thursday_hours
                when 5 then m.friday_hours
                when 6 then m.saturday_hours
                else m.sunday_hours
            end
        end as scheduled_hours,
        m.weekly_billable_hours_goal / nullif(m.weekly_hours, 0) as goal_share
    from dataset.members m
    join dataset.workspace w on w.datasource_id = m.datasource_id
    left join autotask.internal_locations l on l.datasource_id = m.datasource_id and l.id = m.location_id
    cross join lateral generate_series(greatest(-399, dataset.first_day() - w.today), 90) as n (day)
    where m.is_technician
),
capacity as (
    select
        d.*,
        exists (
            select
            from autotask.holidays h
            where h.datasource_id = d.datasource_id and h.holiday_set_id = d.holiday_set_id
                and h.holiday_date = d.date and h.deleted_at is null
        ) as is_holiday,
        coalesce(o.hours, 0) as time_off_hours
    from days d
    left join (
        select r.datasource_id, r.resource_id, r.request_date, sum(r.hours) as hours
        from autotask.time_off_requests r
        where r.deleted_at is null and r.approved_date_time is not null
        group by r.datasource_id, r.resource_id, r.request_date
    ) o
        on o.datasource_id = d.datasource_id and o.resource_id = d.resource_id and o.request_date = d.date
)
select
    t.datasource_id,
    t.date,
    t.resource_id,
    t.resource,
    t.department_id,
    t.department,
    t.scheduled_hours,
    t.is_holiday,
    t.time_off_hours,
    case
        when t.is_holiday
            then 0
        else greatest(0, t.scheduled_hours - t.time_off_hours)
    end as available_hours,
    t.goal_share * case
        when t.is_holiday
            then 0
        else greatest(0, t.scheduled_hours - t.time_off_hours)
    end as billable_goal_hours,
    coalesce(e.hours_worked, 0) as hours_worked,
    coalesce(e.client_hours, 0) as client_hours,
    coalesce(e.billable_hours, 0) as billable_hours,
    coalesce(e.hours_to_bill, 0) as hours_to_bill,
    case
        when t.date < t.today then greatest(0, case when t.is_holiday
            then 0
        else greatest(0, t.scheduled_hours - t.time_off_hours) end - coalesce(e.hours_worked, 0)) else 0
    end as missing_hours
from capacity t
left join (
    select
        x.datasource_id,
        x.resource_id,
        x.date_worked,
        sum(x.hours_worked) as hours_worked,
        sum(x.hours_worked) filter (where x.is_client) as client_hours,
        sum(x.hours_worked) filter (where x.is_client and x.is_billable) as billable_hours,
        sum(x.hours_to_bill) as hours_to_bill
    from dataset.time_all x
    where x.date_worked >= greatest(
        ((taskgauge.instant() - interval '9624 hours') at time zone 'UTC')::date,
        dataset.first_day()
    )
    group by x.datasource_id, x.resource_id, x.date_worked
) e
    on e.datasource_id = t.datasource_id and e.resource_id = t.resource_id and e.date_worked = t.date;
