create view dataset.quotes as
select
    t.datasource_id,
    t.id,
    t.name,
    t.quote_number,
    coalesce(t.company_id, op.company_id) as company_id,
    coalesce(company.company_name, '#' || coalesce(t.company_id, op.company_id)) as company,
    t.contact_id,
    coalesce(dataset.person(contact.first_name, contact.last_name), '#' || t.contact_id) as contact,
    t.opportunity_id,
    coalesce(op.title, '#' || t.opportunity_id) as opportunity,
    op.owner_resource_id,
    coalesce(
        dataset.person(owner_resource.first_name, owner_resource.last_name),
        '#' || op.owner_resource_id
    ) as owner_resource,
    t.creator_resource_id as creator_id,
    coalesce(dataset.person(creator.first_name, creator.last_name), '#' || t.creator_resource_id) as creator,
    t.approval_status as approval_status_id,
    coalesce(approval_status_label.label, '#' || t.approval_status) as approval_status,
    t.ext_approval_contact_response as response_id,
    coalesce(response_label.label, '#' || t.ext_approval_contact_response) as response,
    t.create_date,
    t.effective_date,
    t.expiration_date,
    t.ext_approval_response_date,
    t.last_activity_date,
    coalesce(t.is_active, false) as is_active,
    coalesce(t.primary_quote, false) as is_primary,
    (
        coalesce(t.is_active, false)
        and t.ext_approval_contact_response is null
        and coalesce(t.expiration_date >= w.today, true)
    ) as is_open,
    (
        select coalesce(sum(
            (
                coalesce(i.internal_currency_unit_price, i.unit_price)
                - coalesce(i.internal_currency_unit_discount, i.unit_discount, 0)
            ) * i.quantity * (1 - coalesce(i.percentage_discount, 0) / 100)
                - coalesce(i.internal_currency_line_discount, i.line_discount, 0)
        ), 0)
        from autotask.quote_items i
        where i.datasource_id = t.datasource_id and i.quote_id = t.id and i.deleted_at is null
            and not coalesce(i.is_optional, false)
    ) as total,
    (
        select coalesce(sum(i.unit_cost * i.quantity), 0)
        from autotask.quote_items i
        where i.datasource_id = t.datasource_id and i.quote_id = t.id and i.deleted_at is null
            and not coalesce(i.is_optional, false)
    ) as cost,
    (
        select count(*)
        from autotask.quote_items i
        where i.datasource_id = t.datasource_id and i.quote_id = t.id and i.deleted_at is null
            and not coalesce(i.is_optional, false)
    ) as items,
    t.purchase_order_number,
    t.description,
    t.extra
from autotask.quotes t
join dataset.workspace w on w.datasource_id = t.datasource_id
left join autotask.opportunities op
    on op.datasource_id = t.datasource_id and op.id = t.opportunity_id
left join autotask.companies company
    on company.datasource_id = t.datasource_id and company.id = coalesce(t.company_id, op.company_id)
left join autotask.contacts contact
    on contact.datasource_id = t.datasource_id and contact.id = t.contact_id
left join autotask.resources owner_resource
    on owner_resource.datasource_id = t.datasource_id and owner_resource.id = op.owner_resource_id
left join autotask.resources creator
    on creator.datasource_id = t.datasource_id and creator.id = t.creator_resource_id
left join autotask.picklist_values approval_status_label
    on approval_status_label.datasource_id = t.datasource_id
        and approval_status_label.entity = 'Quotes'
        and approval_status_label.field = 'approvalStatus'
        and approval_status_label.value = t.approval_status
left join autotask.picklist_values response_label
    on response_label.datasource_id = t.datasource_id
        and response_label.entity = 'Quotes'
        and response_label.field = 'extApprovalContactResponse'
        and response_label.value = t.ext_approval_contact_response
where t.deleted_at is null;
