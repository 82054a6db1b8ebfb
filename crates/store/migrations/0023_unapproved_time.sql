-- Billable time that waits for approval is little of all time, and lies all over it (gauge unposted_time).
create index on autotask.time_entries (datasource_id, date_worked)
    include (ticket_id, task_id, role_id, hours_to_bill, deleted_at)
    where billing_approval_date_time is null and coalesce(not is_non_billable, false);
