-- All time entries. The windows of time are cut from this view. Autotask keeps no company with an entry: it is the
-- ticket's, else the one of the task's project, or of the ticket's. Each join is on one column: Postgres leaves out those
-- of a chain that a question does not need only where no condition reads two of them.
create view dataset.time_all as
select
    t.datasource_id,
    t.id,
    t.resource_id,
    coalesce(dataset.person(resource.first_name, resource.last_name), '#' || t.resource_id) as resource,
    t.role_id,
    coalesce(role.name, '#' || t.role_id) as role,
    (
        select rd.department_id
        from autotask.resource_role_departments rd
        where rd.datasource_id = t.datasource_id and rd.resource_id = t.resource_id and rd.is_default
            and rd.deleted_at is null
        order by rd.id
        limit 1
    ) as department_id,
    (
        select coalesce(dp.name, '#' || rd.department_id)
        from autotask.resource_role_departments rd
        left join autotask.departments dp on dp.datasource_id = rd.datasource_id and dp.id = rd.department_id
        where rd.datasource_id = t.datasource_id and rd.resource_id = t.resource_id and rd.is_default
            and rd.deleted_at is null
        order by rd.id
        limit 1
    ) as department,
    coalesce(tk.company_id, case when ta.project_id is null then tp.company_id else pr.company_id end) as company_id,
    coalesce(
        case
            when tk.company_id is not null then company.company_name
            when ta.project_id is null then company_of_ticket_project.company_name
            else company_of_project.company_name
        end,
        '#' || coalesce(tk.company_id, case when ta.project_id is null then tp.company_id else pr.company_id end)
    ) as company,
    t.ticket_id,
    coalesce(tk.title, '#' || t.ticket_id) as ticket,
    tk.ticket_number,
    t.task_id,
    coalesce(ta.title, '#' || t.task_id) as task,
    coalesce(tk.title, ta.title, '#' || coalesce(t.ticket_id, t.task_id)) as work,
    coalesce(ta.project_id, tk.project_id) as project_id,
    coalesce(
        case when ta.project_id is null then tp.project_name else pr.project_name end,
        '#' || coalesce(ta.project_id, tk.project_id)
    ) as project,
    ta.phase_id,
    t.contract_id,
    coalesce(contract.contract_name, '#' || t.contract_id) as contract,
    tk.queue_id,
    coalesce(queue_label.label, '#' || tk.queue_id) as queue,
    queue_label.sort_order as queue_order,
    tk.priority as priority_id,
    coalesce(priority_label.label, '#' || tk.priority) as priority,
    priority_label.sort_order as priority_order,
    tk.ticket_type as ticket_type_id,
    coalesce(ticket_type_label.label, '#' || tk.ticket_type) as ticket_type,
    coalesce(t.billing_code_id, t.internal_billing_code_id) as work_type_id,
    coalesce(work_type.name, '#' || coalesce(t.billing_code_id, t.internal_billing_code_id)) as work_type,
    t.time_entry_type as entry_type_id,
    coalesce(entry_type_label.label, '#' || t.time_entry_type) as entry_type,
    t.date_worked,
    t.start_date_time,
    t.end_date_time,
    t.hours_worked,
    t.hours_to_bill,
    t.offset_hours,
    t.is_non_billable,
    t.show_on_invoice,
    coalesce(not t.is_non_billable, false) as is_billable,
    coalesce(coalesce(tk.company_id, case when ta.project_id is null then tp.company_id else pr.company_id end) <> 0, false) as is_client,
    coalesce(coalesce(tk.company_id, case when ta.project_id is null then tp.company_id else pr.company_id end) <> 0, false)
        and (w.utilization_basis = 'client' or coalesce(not t.is_non_billable, false)) as is_utilized,
    (
        coalesce(tk.ticket_type = any (w.reactive_types), false)
        or coalesce(tk.issue_type = any (w.reactive_issue_types), false)
        or coalesce(tk.queue_id = any (w.reactive_queues), false)
    ) as is_reactive,
    case
        when not coalesce(coalesce(tk.company_id, case when ta.project_id is null then tp.company_id else pr.company_id end) <> 0, false) then 'Internal'
        when coalesce(not t.is_non_billable, false) then 'Billable'
        else 'Non-billable'
    end as class,
    case
        when not coalesce(not t.is_non_billable, false) then 'Non-billable'
        when t.contract_id is not null then 'Contract'
        else 'Billable'
    end as coverage,
    round(
        extract(epoch from t.create_date_time - coalesce(
            t.end_date_time, ((t.date_worked + 1)::timestamp at time zone w.time_zone)
        )) / 3600,
        4
    ) as entry_lag_hours,
    t.create_date_time,
    t.last_modified_date_time,
    t.creator_user_id as creator_id,
    coalesce(dataset.person(creator.first_name, creator.last_name), '#' || t.creator_user_id) as creator,
    t.last_modified_user_id as last_modified_by_id,
    coalesce(
        dataset.person(last_modified_by.first_name, last_modified_by.last_name),
        '#' || t.last_modified_user_id
    ) as last_modified_by,
    t.billing_approval_resource_id as approver_id,
    coalesce(
        dataset.person(approver.first_name, approver.last_name),
        '#' || t.billing_approval_resource_id
    ) as approver,
    t.billing_approval_date_time,
    (t.billing_approval_date_time is not null) as is_approved,
    role.hourly_rate as role_rate,
    t.hours_to_bill * role.hourly_rate as value_at_role_rate,
    t.hours_worked * coalesce(nullif(resource.internal_cost, 0), w.loaded_cost_per_hour) as cost,
    t.summary_notes,
    t.internal_notes,
    t.udf,
    t.extra
from autotask.time_entries t
join dataset.workspace w on w.datasource_id = t.datasource_id
left join autotask.tickets tk
    on tk.datasource_id = t.datasource_id and tk.id = t.ticket_id
left join autotask.tasks ta
    on ta.datasource_id = t.datasource_id and ta.id = t.task_id
left join autotask.projects pr
    on pr.datasource_id = t.datasource_id and pr.id = ta.project_id
left join autotask.projects tp
    on tp.datasource_id = t.datasource_id and tp.id = tk.project_id
left join autotask.resources resource
    on resource.datasource_id = t.datasource_id and resource.id = t.resource_id
left join autotask.roles role
    on role.datasource_id = t.datasource_id and role.id = t.role_id
left join autotask.companies company
    on company.datasource_id = t.datasource_id and company.id = tk.company_id
left join autotask.companies company_of_project
    on company_of_project.datasource_id = t.datasource_id and company_of_project.id = pr.company_id
left join autotask.companies company_of_ticket_project
    on company_of_ticket_project.datasource_id = t.datasource_id and company_of_ticket_project.id = tp.company_id
left join autotask.contracts contract
    on contract.datasource_id = t.datasource_id and contract.id = t.contract_id
left join autotask.picklist_values queue_label
    on queue_label.datasource_id = t.datasource_id
        and queue_label.entity = 'Tickets'
        and queue_label.field = 'queueID'
        and queue_label.value = tk.queue_id
left join autotask.picklist_values priority_label
    on priority_label.datasource_id = t.datasource_id
        and priority_label.entity = 'Tickets'
        and priority_label.field = 'priority'
        and priority_label.value = tk.priority
left join autotask.picklist_values ticket_type_label
    on ticket_type_label.datasource_id = t.datasource_id
        and ticket_type_label.entity = 'Tickets'
        and ticket_type_label.field = 'ticketType'
        and ticket_type_label.value = tk.ticket_type
left join autotask.billing_codes work_type
    on work_type.datasource_id = t.datasource_id
        and work_type.id = coalesce(t.billing_code_id, t.internal_billing_code_id)
left join autotask.picklist_values entry_type_label
    on entry_type_label.datasource_id = t.datasource_id
        and entry_type_label.entity = 'TimeEntries'
        and entry_type_label.field = 'timeEntryType'
        and entry_type_label.value = t.time_entry_type
left join autotask.resources creator
    on creator.datasource_id = t.datasource_id and creator.id = t.creator_user_id
left join autotask.resources last_modified_by
    on last_modified_by.datasource_id = t.datasource_id and last_modified_by.id = t.last_modified_user_id
left join autotask.resources approver
    on approver.datasource_id = t.datasource_id and approver.id = t.billing_approval_resource_id
where t.deleted_at is null;
