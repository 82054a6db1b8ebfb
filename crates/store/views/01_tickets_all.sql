-- All tickets. The windows of tickets are cut from this view.
--
-- Columns that look into other tables are subqueries, so that they cost nothing where they are not asked for; joins are
-- on whole unique keys, so that the planner leaves out those that are not needed.
create view dataset.tickets_all as
select
    t.datasource_id,
    t.id,
    t.ticket_number,
    t.title,
    t.description,
    t.company_id,
    coalesce(company.company_name, '#' || t.company_id) as company,
    t.contact_id,
    coalesce(dataset.person(contact.first_name, contact.last_name), '#' || t.contact_id) as contact,
    t.status as status_id,
    coalesce(status_label.label, '#' || t.status) as status,
    status_label.sort_order as status_order,
    t.priority as priority_id,
    coalesce(priority_label.label, '#' || t.priority) as priority,
    priority_label.sort_order as priority_order,
    t.queue_id,
    coalesce(queue_label.label, '#' || t.queue_id) as queue,
    queue_label.sort_order as queue_order,
    t.issue_type as issue_type_id,
    coalesce(issue_type_label.label, '#' || t.issue_type) as issue_type,
    t.sub_issue_type as sub_issue_type_id,
    coalesce(sub_issue_type_label.label, '#' || t.sub_issue_type) as sub_issue_type,
    nullif(concat_ws(
        ' / ',
        coalesce(issue_type_label.label, '#' || t.issue_type),
        coalesce(sub_issue_type_label.label, '#' || t.sub_issue_type)
    ), '') as issue,
    t.ticket_type as ticket_type_id,
    coalesce(ticket_type_label.label, '#' || t.ticket_type) as ticket_type,
    t.source as source_id,
    coalesce(source_label.label, '#' || t.source) as source,
    t.ticket_category as ticket_category_id,
    coalesce(ticket_category_label.label, category.name, '#' || t.ticket_category) as ticket_category,
    t.service_level_agreement_id as sla_id,
    coalesce(sla_label.label, '#' || t.service_level_agreement_id) as sla,
    t.contract_id,
    coalesce(contract.contract_name, '#' || t.contract_id) as contract,
    t.assigned_resource_id,
    coalesce(
        dataset.person(assigned_resource.first_name, assigned_resource.last_name),
        '#' || t.assigned_resource_id
    ) as assigned_resource,
    t.assigned_resource_role_id as assigned_role_id,
    coalesce(assigned_role.name, '#' || t.assigned_resource_role_id) as assigned_role,
    t.creator_resource_id as creator_id,
    coalesce(
        dataset.person(creator.first_name, creator.last_name),
        dataset.person(creator_contact.first_name, creator_contact.last_name),
        '#' || coalesce(t.creator_resource_id, t.created_by_contact_id)
    ) as creator,
    t.completed_by_resource_id,
    coalesce(
        dataset.person(completed_by_resource.first_name, completed_by_resource.last_name),
        '#' || t.completed_by_resource_id
    ) as completed_by_resource,
    coalesce(t.completed_by_resource_id, t.assigned_resource_id) as closed_by_resource_id,
    coalesce(
        dataset.person(closed_by_resource.first_name, closed_by_resource.last_name),
        '#' || coalesce(t.completed_by_resource_id, t.assigned_resource_id)
    ) as closed_by_resource,
    t.first_response_initiating_resource_id as first_response_resource_id,
    coalesce(
        dataset.person(first_response_resource.first_name, first_response_resource.last_name),
        '#' || t.first_response_initiating_resource_id
    ) as first_response_resource,
    t.first_response_assigned_resource_id,
    coalesce(
        dataset.person(first_response_assigned_resource.first_name, first_response_assigned_resource.last_name),
        '#' || t.first_response_assigned_resource_id
    ) as first_response_assigned_resource,
    t.last_activity_resource_id,
    coalesce(
        dataset.person(last_activity_resource.first_name, last_activity_resource.last_name),
        '#' || t.last_activity_resource_id
    ) as last_activity_resource,
    t.project_id,
    coalesce(project.project_name, '#' || t.project_id) as project,
    t.configuration_item_id,
    coalesce(configuration_item.reference_title, '#' || t.configuration_item_id) as configuration_item,
    t.billing_code_id as work_type_id,
    coalesce(work_type.name, '#' || t.billing_code_id) as work_type,
    t.company_location_id,
    coalesce(company_location.name, '#' || t.company_location_id) as company_location,
    (
        select string_agg(dataset.person(r.first_name, r.last_name), ', ' order by r.first_name, r.last_name, r.id)
        from autotask.ticket_secondary_resources s
        join autotask.resources r on r.datasource_id = s.datasource_id and r.id = s.resource_id
        where s.datasource_id = t.datasource_id and s.ticket_id = t.id and s.deleted_at is null
    ) as secondary_resources,
    t.create_date,
    (t.create_date at time zone w.time_zone)::date as created_on,
    t.completed_date,
    (t.completed_date at time zone w.time_zone)::date as completed_on,
    taskgauge.closed_at(t.status, t.completed_date, t.last_activity_date, t.create_date) as closed_at,
    t.due_date_time,
    (t.due_date_time at time zone w.time_zone)::date as due_on,
    t.last_activity_date,
    t.last_tracked_modification_date_time,
    t.last_customer_visible_activity_date_time,
    t.last_customer_notification_date_time,
    t.first_response_date_time,
    t.first_response_due_date_time,
    t.resolution_plan_date_time,
    t.resolution_plan_due_date_time,
    t.resolved_date_time,
    t.resolved_due_date_time,
    case
        when t.status <> 5 or t.status is null then least(
            case when t.first_response_date_time is null then t.first_response_due_date_time end,
            case when t.resolution_plan_date_time is null then t.resolution_plan_due_date_time end,
            case when t.resolved_date_time is null then t.resolved_due_date_time end
        )
    end as next_due,
    t.estimated_hours,
    t.hours_to_be_scheduled,
    (t.status <> 5 or t.status is null) as is_open,
    (t.status = 5 and t.status is not null) as is_closed,
    (t.status = 1 and t.status is not null) as is_new,
    (t.assigned_resource_id is null) as is_unassigned,
    ((t.status = 1 and t.status is not null) or t.assigned_resource_id is null) as is_new_or_unassigned,
    coalesce(t.status = any (w.waiting_statuses), false) as is_waiting,
    (
        coalesce(t.ticket_type = any (w.reactive_types), false)
        or coalesce(t.issue_type = any (w.reactive_issue_types), false)
        or coalesce(t.queue_id = any (w.reactive_queues), false)
    ) as is_reactive,
    coalesce(t.company_id = 0, false) as is_own_company,
    (t.status <> 5 or t.status is null) and coalesce(t.due_date_time < w.now, false) as is_overdue,
    (t.status <> 5 or t.status is null)
        and not coalesce(t.status = any (w.waiting_statuses), false)
        and coalesce(
            extract(epoch from w.now - coalesce(
                greatest(t.last_activity_date, t.last_tracked_modification_date_time), t.create_date
            )) > 3600 * w.stale_hours,
            false
        ) as is_stale,
    case when t.status <> 5 or t.status is null then dataset.hours(t.create_date, w.now) end as age_hours,
    case
        when t.status <> 5 or t.status is null
            then round(dataset.hours(t.create_date, w.now) / 24, 4)
    end as age_days,
    dataset.hours(
        coalesce(greatest(t.last_activity_date, t.last_tracked_modification_date_time), t.create_date), w.now
    ) as idle_hours,
    dataset.hours(t.create_date, t.first_response_date_time) as first_response_hours,
    dataset.hours(t.create_date, t.resolution_plan_date_time) as resolution_plan_hours,
    case
        when t.status = w.merged_ticket_status then null
        else dataset.hours(t.create_date, coalesce(t.resolved_date_time, t.completed_date))
    end as resolution_hours,
    (
        select s.first_response_elapsed_hours
        from autotask.service_level_agreement_results s
        where s.datasource_id = t.datasource_id and s.ticket_id = t.id and s.deleted_at is null
        order by s.id desc
        limit 1
    ) as first_response_hours_sla,
    case
        when t.status = w.merged_ticket_status then null
        else (
            select s.resolution_elapsed_hours
            from autotask.service_level_agreement_results s
            where s.datasource_id = t.datasource_id and s.ticket_id = t.id and s.deleted_at is null
            order by s.id desc
            limit 1
        )
    end as resolution_hours_sla,
    coalesce(
        t.status = 5
        and (t.completed_date at time zone w.time_zone)::date = (t.create_date at time zone w.time_zone)::date,
        false
    ) as same_day,
    coalesce(
        coalesce(t.first_response_date_time, w.now) > t.first_response_due_date_time,
        false
    ) as fr_breached,
    coalesce(
        coalesce(t.resolved_date_time, t.completed_date, w.now) > t.resolved_due_date_time,
        false
    ) as res_breached,
    (
        coalesce(coalesce(t.first_response_date_time, w.now) > t.first_response_due_date_time, false)
        or coalesce(coalesce(t.resolved_date_time, t.completed_date, w.now) > t.resolved_due_date_time, false)
    ) as is_breached,
    t.service_level_agreement_has_been_met as sla_met,
    (
        select count(*)
        from autotask.time_entries e
        where e.datasource_id = t.datasource_id and e.ticket_id = t.id and e.deleted_at is null
    ) as touches,
    (
        select coalesce(sum(e.hours_worked), 0)
        from autotask.time_entries e
        where e.datasource_id = t.datasource_id and e.ticket_id = t.id and e.deleted_at is null
    ) as hours_worked,
    t.change_approval_status as change_approval_status_id,
    coalesce(change_approval_status_label.label, '#' || t.change_approval_status) as change_approval_status,
    t.rma_status as rma_status_id,
    coalesce(rma_status_label.label, '#' || t.rma_status) as rma_status,
    t.current_service_thermometer_rating as current_service_thermometer_rating_id,
    coalesce(
        service_thermometer_label.label,
        '#' || t.current_service_thermometer_rating
    ) as current_service_thermometer_rating,
    t.problem_ticket_id,
    t.opportunity_id,
    t.purchase_order_number,
    t.external_id,
    t.rmm_alert_id,
    t.resolution,
    t.udf,
    reopening.at as reopened_at,
    t.extra
from autotask.tickets t
join dataset.workspace w on w.datasource_id = t.datasource_id
left join autotask.companies company
    on company.datasource_id = t.datasource_id and company.id = t.company_id
left join autotask.contacts contact
    on contact.datasource_id = t.datasource_id and contact.id = t.contact_id
left join autotask.picklist_values status_label
    on status_label.datasource_id = t.datasource_id
        and status_label.entity = 'Tickets'
        and status_label.field = 'status'
        and status_label.value = t.status
left join autotask.picklist_values priority_label
    on priority_label.datasource_id = t.datasource_id
        and priority_label.entity = 'Tickets'
        and priority_label.field = 'priority'
        and priority_label.value = t.priority
left join autotask.picklist_values queue_label
    on queue_label.datasource_id = t.datasource_id
        and queue_label.entity = 'Tickets'
        and queue_label.field = 'queueID'
        and queue_label.value = t.queue_id
left join autotask.picklist_values issue_type_label
    on issue_type_label.datasource_id = t.datasource_id
        and issue_type_label.entity = 'Tickets'
        and issue_type_label.field = 'issueType'
        and issue_type_label.value = t.issue_type
left join autotask.picklist_values sub_issue_type_label
    on sub_issue_type_label.datasource_id = t.datasource_id
        and sub_issue_type_label.entity = 'Tickets'
        and sub_issue_type_label.field = 'subIssueType'
        and sub_issue_type_label.value = t.sub_issue_type
left join autotask.picklist_values ticket_type_label
    on ticket_type_label.datasource_id = t.datasource_id
        and ticket_type_label.entity = 'Tickets'
        and ticket_type_label.field = 'ticketType'
        and ticket_type_label.value = t.ticket_type
left join autotask.picklist_values source_label
    on source_label.datasource_id = t.datasource_id
        and source_label.entity = 'Tickets'
        and source_label.field = 'source'
        and source_label.value = t.source
left join autotask.ticket_categories category
    on category.datasource_id = t.datasource_id and category.id = t.ticket_category
left join autotask.picklist_values ticket_category_label
    on ticket_category_label.datasource_id = t.datasource_id
        and ticket_category_label.entity = 'Tickets'
        and ticket_category_label.field = 'ticketCategory'
        and ticket_category_label.value = t.ticket_category
left join autotask.picklist_values sla_label
    on sla_label.datasource_id = t.datasource_id
        and sla_label.entity = 'Tickets'
        and sla_label.field = 'serviceLevelAgreementID'
        and sla_label.value = t.service_level_agreement_id
left join autotask.contracts contract
    on contract.datasource_id = t.datasource_id and contract.id = t.contract_id
left join autotask.resources assigned_resource
    on assigned_resource.datasource_id = t.datasource_id and assigned_resource.id = t.assigned_resource_id
left join autotask.roles assigned_role
    on assigned_role.datasource_id = t.datasource_id and assigned_role.id = t.assigned_resource_role_id
left join autotask.contacts creator_contact
    on creator_contact.datasource_id = t.datasource_id and creator_contact.id = t.created_by_contact_id
left join autotask.resources creator
    on creator.datasource_id = t.datasource_id and creator.id = t.creator_resource_id
left join autotask.resources completed_by_resource
    on completed_by_resource.datasource_id = t.datasource_id
        and completed_by_resource.id = t.completed_by_resource_id
left join autotask.resources closed_by_resource
    on closed_by_resource.datasource_id = t.datasource_id
        and closed_by_resource.id = coalesce(t.completed_by_resource_id, t.assigned_resource_id)
left join autotask.resources first_response_resource
    on first_response_resource.datasource_id = t.datasource_id
        and first_response_resource.id = t.first_response_initiating_resource_id
left join autotask.resources first_response_assigned_resource
    on first_response_assigned_resource.datasource_id = t.datasource_id
        and first_response_assigned_resource.id = t.first_response_assigned_resource_id
left join autotask.resources last_activity_resource
    on last_activity_resource.datasource_id = t.datasource_id
        and last_activity_resource.id = t.last_activity_resource_id
left join autotask.projects project
    on project.datasource_id = t.datasource_id and project.id = t.project_id
left join autotask.configuration_items configuration_item
    on configuration_item.datasource_id = t.datasource_id and configuration_item.id = t.configuration_item_id
left join autotask.billing_codes work_type
    on work_type.datasource_id = t.datasource_id and work_type.id = t.billing_code_id
left join autotask.company_locations company_location
    on company_location.datasource_id = t.datasource_id and company_location.id = t.company_location_id
left join autotask.picklist_values change_approval_status_label
    on change_approval_status_label.datasource_id = t.datasource_id
        and change_approval_status_label.entity = 'Tickets'
        and change_approval_status_label.field = 'changeApprovalStatus'
        and change_approval_status_label.value = t.change_approval_status
left join autotask.picklist_values rma_status_label
    on rma_status_label.datasource_id = t.datasource_id
        and rma_status_label.entity = 'Tickets'
        and rma_status_label.field = 'rmaStatus'
        and rma_status_label.value = t.rma_status
left join autotask.picklist_values service_thermometer_label
    on service_thermometer_label.datasource_id = t.datasource_id
        and service_thermometer_label.entity = 'Tickets'
        and service_thermometer_label.field = 'currentServiceThermometerRating'
        and service_thermometer_label.value = t.current_service_thermometer_rating
-- Few tickets were reopened: a question about when begins with those.
left join (
    select r.datasource_id, r.ticket_id, max(r.at) as at
    from taskgauge.ticket_reopenings r
    group by r.datasource_id, r.ticket_id
) reopening
    on reopening.datasource_id = t.datasource_id and reopening.ticket_id = t.id
where t.deleted_at is null
    and (t.ticket_category is null or t.ticket_category <> all (w.excluded_ticket_categories))
    and (w.queues_in_scope is null or t.queue_id = any (w.queues_in_scope));
