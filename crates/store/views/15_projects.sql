create view dataset.projects as
select
    t.datasource_id,
    t.id,
    coalesce(t.project_name, '#' || t.id) as project,
    t.project_number,
    t.company_id,
    coalesce(company.company_name, '#' || t.company_id) as company,
    t.project_lead_resource_id as project_lead_id,
    coalesce(
        dataset.person(project_lead.first_name, project_lead.last_name),
        '#' || t.project_lead_resource_id
    ) as project_lead,
    t.company_owner_resource_id as owner_resource_id,
    coalesce(
        dataset.person(owner_resource.first_name, owner_resource.last_name),
        '#' || t.company_owner_resource_id
    ) as owner_resource,
    t.status as status_id,
    coalesce(status_label.label, '#' || t.status) as status,
    status_label.sort_order as status_order,
    t.status_detail,
    t.status_date_time,
    t.project_type as project_type_id,
    coalesce(project_type_label.label, '#' || t.project_type) as project_type,
    t.department as department_id,
    coalesce(department_label.label, '#' || t.department) as department,
    t.contract_id,
    coalesce(contract.contract_name, '#' || t.contract_id) as contract,
    t.opportunity_id,
    coalesce(opportunity.title, '#' || t.opportunity_id) as opportunity,
    (
        coalesce(t.company_id <> 0, false)
        and coalesce(project_type_label.label, '') !~* 'template|baseline|internal'
    ) as is_client_project,
    coalesce(t.status = 5, false) as is_complete,
    ((t.status <> 5 or t.status is null) and coalesce(status_label.label, '') !~* '^inactive$') as is_active,
    ((t.status <> 5 or t.status is null) and coalesce(status_label.label, '') !~* '^inactive$' and coalesce(t.end_date_time < w.now, false)) as is_overdue,
    t.create_date_time,
    t.start_date_time,
    t.end_date_time,
    t.completed_date_time,
    t.last_activity_date_time,
    case
        when (t.status <> 5 or t.status is null) and coalesce(status_label.label, '') !~* '^inactive$'
            then round(dataset.hours(t.end_date_time, w.now) / 24, 4)
    end as days_overdue,
    t.duration,
    t.completed_percentage,
    case
        when t.end_date_time > t.start_date_time then round(least(100, greatest(0,
            100 * extract(epoch from coalesce(t.completed_date_time, w.now) - t.start_date_time)
                / extract(epoch from t.end_date_time - t.start_date_time)
        )), 2)
    end as elapsed_percentage,
    t.estimated_time,
    (
        select coalesce(sum(e.hours_worked), 0)
        from autotask.tasks k
        join autotask.time_entries e
            on e.datasource_id = k.datasource_id and e.task_id = k.id and e.deleted_at is null
        where k.datasource_id = t.datasource_id and k.project_id = t.id and k.deleted_at is null
    ) as worked_hours,
    t.actual_hours,
    t.actual_billed_hours,
    (
        select coalesce(sum(k.remaining_hours), 0)
        from autotask.tasks k
        where k.datasource_id = t.datasource_id and k.project_id = t.id and k.deleted_at is null
            and (k.status <> 5 or k.status is null)
    ) as remaining_hours,
    t.estimated_time - (
        select coalesce(sum(e.hours_worked), 0)
        from autotask.tasks k
        join autotask.time_entries e
            on e.datasource_id = k.datasource_id and e.task_id = k.id and e.deleted_at is null
        where k.datasource_id = t.datasource_id and k.project_id = t.id and k.deleted_at is null
    ) as variance_hours,
    ((t.status <> 5 or t.status is null) and coalesce(status_label.label, '') !~* '^inactive$' and coalesce((
        select coalesce(sum(e.hours_worked), 0)
        from autotask.tasks k
        join autotask.time_entries e
            on e.datasource_id = k.datasource_id and e.task_id = k.id and e.deleted_at is null
        where k.datasource_id = t.datasource_id and k.project_id = t.id and k.deleted_at is null
    ) > t.estimated_time, false)) as is_over_budget,
    (
        select count(*)
        from autotask.tasks k
        where k.datasource_id = t.datasource_id and k.project_id = t.id and k.deleted_at is null
    ) as tasks,
    (
        select count(*) filter (where k.status = 5)
        from autotask.tasks k
        where k.datasource_id = t.datasource_id and k.project_id = t.id and k.deleted_at is null
    ) as tasks_complete,
    (
        select round(100.0 * count(*) filter (where k.status = 5) / nullif(count(*), 0), 2)
        from autotask.tasks k
        where k.datasource_id = t.datasource_id and k.project_id = t.id and k.deleted_at is null
    ) as task_progress,
    (
        select coalesce(sum(k.estimated_hours) filter (where k.status = 5), 0)
        from autotask.tasks k
        where k.datasource_id = t.datasource_id and k.project_id = t.id and k.deleted_at is null
    ) as earned_hours,
    round((
        select coalesce(sum(k.estimated_hours) filter (where k.status = 5), 0)
        from autotask.tasks k
        where k.datasource_id = t.datasource_id and k.project_id = t.id and k.deleted_at is null
    ) / nullif((
        select coalesce(sum(e.hours_worked), 0)
        from autotask.tasks k
        join autotask.time_entries e
            on e.datasource_id = k.datasource_id and e.task_id = k.id and e.deleted_at is null
        where k.datasource_id = t.datasource_id and k.project_id = t.id and k.deleted_at is null
    ), 0), 4) as cpi,
    case
        when t.status = 5 then round(t.estimated_time / nullif((
            select coalesce(sum(e.hours_worked), 0)
            from autotask.tasks k
            join autotask.time_entries e
                on e.datasource_id = k.datasource_id and e.task_id = k.id and e.deleted_at is null
            where k.datasource_id = t.datasource_id and k.project_id = t.id and k.deleted_at is null
        ), 0), 4)
    end as cpi_at_completion,
    coalesce(t.labor_estimated_revenue, 0) + coalesce(t.project_costs_revenue, 0) as estimated_revenue,
    (
        select coalesce(sum(coalesce(b.internal_currency_total_amount, b.total_amount)), 0)
        from autotask.billing_items b
        where b.datasource_id = t.datasource_id and b.project_id = t.id and b.deleted_at is null
    ) as posted_revenue,
    t.labor_estimated_revenue,
    t.labor_estimated_costs,
    t.project_costs_revenue,
    t.project_costs_budget,
    t.change_orders_revenue,
    t.original_estimated_revenue,
    t.description,
    t.udf,
    t.extra
from autotask.projects t
join dataset.workspace w on w.datasource_id = t.datasource_id
left join autotask.companies company
    on company.datasource_id = t.datasource_id and company.id = t.company_id
left join autotask.resources project_lead
    on project_lead.datasource_id = t.datasource_id and project_lead.id = t.project_lead_resource_id
left join autotask.resources owner_resource
    on owner_resource.datasource_id = t.datasource_id and owner_resource.id = t.company_owner_resource_id
left join autotask.picklist_values status_label
    on status_label.datasource_id = t.datasource_id
        and status_label.entity = 'Projects'
        and status_label.field = 'status'
        and status_label.value = t.status
left join autotask.picklist_values project_type_label
    on project_type_label.datasource_id = t.datasource_id
        and project_type_label.entity = 'Projects'
        and project_type_label.field = 'projectType'
        and project_type_label.value = t.project_type
left join autotask.picklist_values department_label
    on department_label.datasource_id = t.datasource_id
        and department_label.entity = 'Projects'
        and department_label.field = 'department'
        and department_label.value = t.department
left join autotask.contracts contract
    on contract.datasource_id = t.datasource_id and contract.id = t.contract_id
left join autotask.opportunities opportunity
    on opportunity.datasource_id = t.datasource_id and opportunity.id = t.opportunity_id
where t.deleted_at is null;
