-- Records that distort measures are few, and are looked for among all (dataset.data_quality).
create index on autotask.tickets (datasource_id, id)
    where company_id is null
        or least(completed_date, resolved_date_time, first_response_date_time) < create_date;
create index on autotask.tickets
    using brin (greatest(create_date, completed_date, resolved_date_time, first_response_date_time))
    with (autosummarize = on);
create index on autotask.time_entries (datasource_id, id)
    where ticket_id is null and task_id is null and internal_billing_code_id is null
        or hours_worked < 0
        or end_date_time < start_date_time
        or hours_worked > 16;

-- The date that results of service levels for first responses are counted by (dataset.sla_results).
create index on autotask.tickets (datasource_id, coalesce(first_response_date_time, completed_date));

-- Service calls that are still to be done, of which some are overdue (dataset.service_calls).
create index on autotask.service_calls (datasource_id, end_date_time)
    where not coalesce(is_complete = 1, false) and canceled_date_time is null;
