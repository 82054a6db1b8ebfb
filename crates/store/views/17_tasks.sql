create view dataset.tasks as
select
    t.datasource_id,
    t.id,
    t.task_number,
    t.title,
    t.project_id,
    coalesce(pr.project_name, '#' || t.project_id) as project,
    t.phase_id,
    coalesce(phase.title, '#' || t.phase_id) as phase,
    pr.company_id,
    coalesce(company.company_name, '#' || pr.company_id) as company,
    pr.project_lead_resource_id as project_lead_id,
    coalesce(
        dataset.person(project_lead.first_name, project_lead.last_name),
        '#' || pr.project_lead_resource_id
    ) as project_lead,
    pr.status as project_status_id,
    coalesce(project_status_label.label, '#' || pr.status) as project_status,
    project_status_label.sort_order as project_status_order,
    coalesce(project_type_label.label ~* 'template|baseline', false) as is_template,
    t.assigned_resource_id,
    coalesce(
        dataset.person(assigned_resource.first_name, assigned_resource.last_name),
        '#' || t.assigned_resource_id
    ) as assigned_resource,
    t.assigned_resource_role_id as assigned_role_id,
    coalesce(assigned_role.name, '#' || t.assigned_resource_role_id) as assigned_role,
    (
        select string_agg(dataset.person(r.first_name, r.last_name), ', ' order by r.first_name, r.last_name, r.id)
        from autotask.task_secondary_resources s
        join autotask.resources r on r.datasource_id = s.datasource_id and r.id = s.resource_id
        where s.datasource_id = t.datasource_id and s.task_id = t.id and s.deleted_at is null
    ) as secondary_resources,
    t.status as status_id,
    coalesce(status_label.label, '#' || t.status) as status,
    status_label.sort_order as status_order,
    t.priority_label as priority_id,
    coalesce(priority_label.label, '#' || t.priority_label) as priority,
    priority_label.sort_order as priority_order,
    t.task_type as task_type_id,
    coalesce(task_type_label.label, '#' || t.task_type) as task_type,
    t.department_id,
    coalesce(department_label.label, '#' || t.department_id) as department,
    t.task_category_id,
    coalesce(task_category_label.label, '#' || t.task_category_id) as task_category,
    t.billing_code_id as work_type_id,
    coalesce(work_type.name, '#' || t.billing_code_id) as work_type,
    t.creator_resource_id as creator_id,
    coalesce(dataset.person(creator.first_name, creator.last_name), '#' || t.creator_resource_id) as creator,
    t.completed_by_resource_id,
    coalesce(
        dataset.person(completed_by_resource.first_name, completed_by_resource.last_name),
        '#' || t.completed_by_resource_id
    ) as completed_by_resource,
    t.create_date_time,
    t.start_date_time,
    t.end_date_time,
    case
        when (t.status <> 5 or t.status is null) and t.end_date_time is not null
            then greatest(t.end_date_time, w.now)
    end as due_or_now,
    t.completed_date_time,
    t.last_activity_date_time,
    coalesce(t.status = 5, false) as is_complete,
    (t.status <> 5 or t.status is null) as is_open,
    (t.status <> 5 or t.status is null) and coalesce(t.end_date_time < w.now, false) as is_overdue,
    case when t.status = 5 then t.completed_date_time <= t.end_date_time end as is_on_time,
    t.estimated_hours,
    (
        select coalesce(sum(e.hours_worked), 0)
        from autotask.time_entries e
        where e.datasource_id = t.datasource_id and e.task_id = t.id and e.deleted_at is null
    ) as worked_hours,
    t.remaining_hours,
    t.hours_to_be_scheduled,
    t.is_task_billable,
    t.purchase_order_number,
    t.description,
    t.udf,
    t.extra
from autotask.tasks t
join dataset.workspace w on w.datasource_id = t.datasource_id
left join autotask.projects pr
    on pr.datasource_id = t.datasource_id and pr.id = t.project_id
left join autotask.picklist_values project_status_label
    on project_status_label.datasource_id = pr.datasource_id
        and project_status_label.entity = 'Projects'
        and project_status_label.field = 'status'
        and project_status_label.value = pr.status
left join autotask.picklist_values project_type_label
    on project_type_label.datasource_id = pr.datasource_id
        and project_type_label.entity = 'Projects'
        and project_type_label.field = 'projectType'
        and project_type_label.value = pr.project_type
left join autotask.phases phase
    on phase.datasource_id = t.datasource_id and phase.id = t.phase_id
left join autotask.companies company
    on company.datasource_id = t.datasource_id and company.id = pr.company_id
left join autotask.resources project_lead
    on project_lead.datasource_id = t.datasource_id and project_lead.id = pr.project_lead_resource_id
left join autotask.resources assigned_resource
    on assigned_resource.datasource_id = t.datasource_id and assigned_resource.id = t.assigned_resource_id
left join autotask.roles assigned_role
    on assigned_role.datasource_id = t.datasource_id and assigned_role.id = t.assigned_resource_role_id
left join autotask.picklist_values status_label
    on status_label.datasource_id = t.datasource_id
        and status_label.entity = 'Tasks'
        and status_label.field = 'status'
        and status_label.value = t.status
left join autotask.picklist_values priority_label
    on priority_label.datasource_id = t.datasource_id
        and priority_label.entity = 'Tasks'
        and priority_label.field = 'priorityLabel'
        and priority_label.value = t.priority_label
left join autotask.picklist_values task_type_label
    on task_type_label.datasource_id = t.datasource_id
        and task_type_label.entity = 'Tasks'
        and task_type_label.field = 'taskType'
        and task_type_label.value = t.task_type
left join autotask.picklist_values department_label
    on department_label.datasource_id = t.datasource_id
        and department_label.entity = 'Tasks'
        and department_label.field = 'departmentID'
        and department_label.value = t.department_id
left join autotask.picklist_values task_category_label
    on task_category_label.datasource_id = t.datasource_id
        and task_category_label.entity = 'Tasks'
        and task_category_label.field = 'taskCategoryID'
        and task_category_label.value = t.task_category_id
left join autotask.billing_codes work_type
    on work_type.datasource_id = t.datasource_id and work_type.id = t.billing_code_id
left join autotask.resources creator
    on creator.datasource_id = t.datasource_id and creator.id = t.creator_resource_id
left join autotask.resources completed_by_resource
    on completed_by_resource.datasource_id = t.datasource_id
        and completed_by_resource.id = t.completed_by_resource_id
where t.deleted_at is null
    and t.last_activity_date_time >= taskgauge.instant() - interval '2880 hours';
