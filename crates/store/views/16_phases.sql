create view dataset.phases as
select
    t.datasource_id,
    t.id,
    t.title,
    t.phase_number,
    t.project_id,
    coalesce(pr.project_name, '#' || t.project_id) as project,
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
    (
        coalesce(pr.company_id <> 0, false)
        and coalesce(project_type_label.label, '') !~* 'template|baseline|internal'
    ) as is_client_project,
    (
        pr.id is not null
        and coalesce(pr.status <> 5, true)
        and coalesce(project_status_label.label, '') !~* '^inactive$'
    ) as is_project_active,
    t.parent_phase_id,
    coalesce(parent_phase.title, '#' || t.parent_phase_id) as parent_phase,
    t.creator_resource_id as creator_id,
    coalesce(dataset.person(creator.first_name, creator.last_name), '#' || t.creator_resource_id) as creator,
    t.start_date,
    t.due_date,
    t.create_date,
    t.last_activity_date_time,
    t.is_scheduled,
    t.estimated_hours,
    (
        select coalesce(sum(e.hours_worked), 0)
        from autotask.tasks k
        join autotask.time_entries e
            on e.datasource_id = k.datasource_id and e.task_id = k.id and e.deleted_at is null
        where k.datasource_id = t.datasource_id and k.phase_id = t.id and k.deleted_at is null
    ) as worked_hours,
    (
        select count(*)
        from autotask.tasks k
        where k.datasource_id = t.datasource_id and k.phase_id = t.id and k.deleted_at is null
    ) as tasks,
    (
        select count(*) filter (where k.status = 5)
        from autotask.tasks k
        where k.datasource_id = t.datasource_id and k.phase_id = t.id and k.deleted_at is null
    ) as tasks_complete,
    (
        select round(100.0 * count(*) filter (where k.status = 5) / nullif(count(*), 0), 2)
        from autotask.tasks k
        where k.datasource_id = t.datasource_id and k.phase_id = t.id and k.deleted_at is null
    ) as task_progress,
    (
        coalesce(t.due_date < taskgauge.instant(), false)
        and coalesce(pr.status <> 5, true)
        and exists (
            select
            from autotask.tasks k
            where k.datasource_id = t.datasource_id and k.phase_id = t.id and k.deleted_at is null
                and (k.status <> 5 or k.status is null)
        )
    ) as is_overdue,
    t.description,
    t.extra
from autotask.phases t
left join autotask.projects pr
    on pr.datasource_id = t.datasource_id and pr.id = t.project_id
left join autotask.companies company
    on company.datasource_id = t.datasource_id and company.id = pr.company_id
left join autotask.resources project_lead
    on project_lead.datasource_id = t.datasource_id and project_lead.id = pr.project_lead_resource_id
left join autotask.picklist_values project_status_label
    on project_status_label.datasource_id = t.datasource_id
        and project_status_label.entity = 'Projects'
        and project_status_label.field = 'status'
        and project_status_label.value = pr.status
left join autotask.picklist_values project_type_label
    on project_type_label.datasource_id = pr.datasource_id
        and project_type_label.entity = 'Projects'
        and project_type_label.field = 'projectType'
        and project_type_label.value = pr.project_type
left join autotask.phases parent_phase
    on parent_phase.datasource_id = t.datasource_id and parent_phase.id = t.parent_phase_id
left join autotask.resources creator
    on creator.datasource_id = t.datasource_id and creator.id = t.creator_resource_id
where t.deleted_at is null;
