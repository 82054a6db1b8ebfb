-- Survey results. The company is looked up at the ticket only where the result names none, so that questions by company do
-- not read the tickets.
create view dataset.surveys as
select
    t.datasource_id,
    t.id,
    t.survey_id,
    coalesce(coalesce(survey.name, survey.display_name), '#' || t.survey_id) as survey,
    coalesce(
        t.company_id,
        (
            select of_ticket.company_id
            from autotask.tickets of_ticket
            where of_ticket.datasource_id = t.datasource_id and of_ticket.id = t.ticket_id
        )
    ) as company_id,
    coalesce(company.company_name, '#' || coalesce(t.company_id, tk.company_id)) as company,
    t.contact_id,
    coalesce(dataset.person(contact.first_name, contact.last_name), '#' || t.contact_id) as contact,
    t.ticket_id,
    coalesce(tk.title, '#' || t.ticket_id) as ticket,
    tk.ticket_number,
    tk.queue_id,
    coalesce(queue_label.label, '#' || tk.queue_id) as queue,
    queue_label.sort_order as queue_order,
    tk.priority as priority_id,
    coalesce(priority_label.label, '#' || tk.priority) as priority,
    priority_label.sort_order as priority_order,
    tk.ticket_type as ticket_type_id,
    coalesce(ticket_type_label.label, '#' || tk.ticket_type) as ticket_type,
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
    -- Whoever is assigned and whoever completed it, as a list of ids.
    nullif(
        to_jsonb(array_remove(array[tk.assigned_resource_id, tk.completed_by_resource_id], null)), '[]'
    ) as member_ids,
    t.survey_rating,
    t.company_rating,
    t.contact_rating,
    t.resource_rating,
    t.send_date,
    (t.send_date at time zone w.time_zone)::date as sent_on,
    t.complete_date,
    (t.complete_date at time zone w.time_zone)::date as completed_on,
    (t.complete_date is not null) as is_answered,
    t.survey_rating >= w.csat_positive_from as is_positive,
    t.extra
from autotask.survey_results t
join dataset.workspace w on w.datasource_id = t.datasource_id
left join autotask.tickets tk
    on tk.datasource_id = t.datasource_id and tk.id = t.ticket_id
left join autotask.surveys survey
    on survey.datasource_id = t.datasource_id and survey.id = t.survey_id
left join autotask.companies company
    on company.datasource_id = t.datasource_id and company.id = coalesce(t.company_id, tk.company_id)
left join autotask.contacts contact
    on contact.datasource_id = t.datasource_id and contact.id = t.contact_id
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
left join autotask.resources assigned_resource
    on assigned_resource.datasource_id = t.datasource_id and assigned_resource.id = tk.assigned_resource_id
left join autotask.resources closed_by_resource
    on closed_by_resource.datasource_id = t.datasource_id
        and closed_by_resource.id = coalesce(tk.completed_by_resource_id, tk.assigned_resource_id)
where t.deleted_at is null;
