create view dataset.company_notes as
select
    t.datasource_id,
    t.id,
    t.name,
    t.company_id,
    coalesce(company.company_name, '#' || t.company_id) as company,
    t.contact_id,
    coalesce(dataset.person(contact.first_name, contact.last_name), '#' || t.contact_id) as contact,
    t.assigned_resource_id,
    coalesce(
        dataset.person(assigned_resource.first_name, assigned_resource.last_name),
        '#' || t.assigned_resource_id
    ) as assigned_resource,
    t.action_type as action_type_id,
    coalesce(action_type_label.label, action.name, '#' || t.action_type) as action_type,
    t.opportunity_id,
    coalesce(opportunity.title, '#' || t.opportunity_id) as opportunity,
    t.start_date_time,
    t.end_date_time,
    t.completed_date_time,
    t.create_date_time,
    t.last_modified_date,
    (t.completed_date_time is not null) as is_completed,
    (t.completed_date_time is null and coalesce(t.end_date_time < taskgauge.instant(), false)) as is_overdue,
    t.note,
    t.extra
from autotask.company_notes t
left join autotask.companies company
    on company.datasource_id = t.datasource_id and company.id = t.company_id
left join autotask.contacts contact
    on contact.datasource_id = t.datasource_id and contact.id = t.contact_id
left join autotask.resources assigned_resource
    on assigned_resource.datasource_id = t.datasource_id and assigned_resource.id = t.assigned_resource_id
left join autotask.action_types action
    on action.datasource_id = t.datasource_id and action.id = t.action_type
left join autotask.picklist_values action_type_label
    on action_type_label.datasource_id = t.datasource_id
        and action_type_label.entity = 'CompanyNotes'
        and action_type_label.field = 'actionType'
        and action_type_label.value = t.action_type
left join autotask.opportunities opportunity
    on opportunity.datasource_id = t.datasource_id and opportunity.id = t.opportunity_id
where t.deleted_at is null;
