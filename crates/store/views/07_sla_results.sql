-- SLA results have no date of their own: dates, company and the rest are the ticket's. One whose ticket is not known
-- belongs to no period and to no client, and is left out.
create view dataset.sla_results as
select
    t.datasource_id,
    t.id,
    t.service_level_agreement_name as sla,
    t.ticket_id,
    coalesce(tk.title, '#' || t.ticket_id) as ticket,
    tk.ticket_number,
    tk.company_id,
    coalesce(company.company_name, '#' || tk.company_id) as company,
    tk.status as status_id,
    coalesce(status_label.label, '#' || tk.status) as status,
    status_label.sort_order as status_order,
    tk.priority as priority_id,
    coalesce(priority_label.label, '#' || tk.priority) as priority,
    priority_label.sort_order as priority_order,
    tk.queue_id,
    coalesce(queue_label.label, '#' || tk.queue_id) as queue,
    queue_label.sort_order as queue_order,
    tk.issue_type as issue_type_id,
    coalesce(issue_type_label.label, '#' || tk.issue_type) as issue_type,
    tk.ticket_type as ticket_type_id,
    coalesce(ticket_type_label.label, '#' || tk.ticket_type) as ticket_type,
    tk.contract_id,
    coalesce(contract.contract_name, '#' || tk.contract_id) as contract,
    tk.assigned_resource_id,
    coalesce(
        dataset.person(assigned_resource.first_name, assigned_resource.last_name),
        '#' || tk.assigned_resource_id
    ) as assigned_resource,
    coalesce(tk.completed_by_resource_id, tk.assigned_resource_id) as closed_by_resource_id,
    coalesce(
        dataset.person(closed_by_resource.first_name, closed_by_resource.last_name),
        '#' || coalesce(tk.completed_by_resource_id, tk.assigned_resource_id)
    ) as closed_by_resource,
    t.first_response_elapsed_hours,
    t.is_first_response_met,
    t.first_response_resource_id,
    coalesce(
        dataset.person(first_response_resource.first_name, first_response_resource.last_name),
        '#' || t.first_response_resource_id
    ) as first_response_resource,
    t.resolution_plan_elapsed_hours,
    t.is_resolution_plan_met,
    t.resolution_plan_resource_id,
    coalesce(
        dataset.person(resolution_plan_resource.first_name, resolution_plan_resource.last_name),
        '#' || t.resolution_plan_resource_id
    ) as resolution_plan_resource,
    t.resolution_elapsed_hours,
    t.is_resolution_met,
    t.resolution_resource_id,
    coalesce(
        dataset.person(resolution_resource.first_name, resolution_resource.last_name),
        '#' || t.resolution_resource_id
    ) as resolution_resource,
    tk.create_date,
    (tk.create_date at time zone w.time_zone)::date as created_on,
    tk.first_response_date_time,
    tk.completed_date,
    coalesce(tk.first_response_date_time, tk.completed_date) as first_response_or_closed_at,
    (tk.completed_date at time zone w.time_zone)::date as completed_on,
    coalesce(tk.status = 5, false) as is_closed,
    t.extra
from autotask.service_level_agreement_results t
join dataset.workspace w on w.datasource_id = t.datasource_id
join autotask.tickets tk
    on tk.datasource_id = t.datasource_id and tk.id = t.ticket_id
left join autotask.companies company
    on company.datasource_id = t.datasource_id and company.id = tk.company_id
left join autotask.picklist_values status_label
    on status_label.datasource_id = t.datasource_id
        and status_label.entity = 'Tickets'
        and status_label.field = 'status'
        and status_label.value = tk.status
left join autotask.picklist_values priority_label
    on priority_label.datasource_id = t.datasource_id
        and priority_label.entity = 'Tickets'
        and priority_label.field = 'priority'
        and priority_label.value = tk.priority
left join autotask.picklist_values queue_label
    on queue_label.datasource_id = t.datasource_id
        and queue_label.entity = 'Tickets'
        and queue_label.field = 'queueID'
        and queue_label.value = tk.queue_id
left join autotask.picklist_values issue_type_label
    on issue_type_label.datasource_id = t.datasource_id
        and issue_type_label.entity = 'Tickets'
        and issue_type_label.field = 'issueType'
        and issue_type_label.value = tk.issue_type
left join autotask.picklist_values ticket_type_label
    on ticket_type_label.datasource_id = t.datasource_id
        and ticket_type_label.entity = 'Tickets'
        and ticket_type_label.field = 'ticketType'
        and ticket_type_label.value = tk.ticket_type
left join autotask.contracts contract
    on contract.datasource_id = t.datasource_id and contract.id = tk.contract_id
left join autotask.resources assigned_resource
    on assigned_resource.datasource_id = t.datasource_id and assigned_resource.id = tk.assigned_resource_id
left join autotask.resources closed_by_resource
    on closed_by_resource.datasource_id = t.datasource_id
        and closed_by_resource.id = coalesce(tk.completed_by_resource_id, tk.assigned_resource_id)
left join autotask.resources first_response_resource
    on first_response_resource.datasource_id = t.datasource_id
        and first_response_resource.id = t.first_response_resource_id
left join autotask.resources resolution_plan_resource
    on resolution_plan_resource.datasource_id = t.datasource_id
        and resolution_plan_resource.id = t.resolution_plan_resource_id
left join autotask.resources resolution_resource
    on resolution_resource.datasource_id = t.datasource_id
        and resolution_resource.id = t.resolution_resource_id
where t.deleted_at is null
    and tk.deleted_at is null
    and (tk.ticket_category is null or tk.ticket_category <> all (w.excluded_ticket_categories))
    and (w.queues_in_scope is null or tk.queue_id = any (w.queues_in_scope));
