create view dataset.billing_items as
select
    t.datasource_id,
    t.id,
    t.item_name,
    t.description,
    t.company_id,
    coalesce(company.company_name, '#' || t.company_id) as company,
    t.billing_item_type as item_type_id,
    coalesce(item_type_label.label, '#' || t.billing_item_type) as item_type,
    t.sub_type as sub_type_id,
    coalesce(sub_type_label.label, '#' || t.sub_type) as sub_type,
    t.contract_id,
    coalesce(contract.contract_name, '#' || t.contract_id) as contract,
    ct.contract_type as contract_type_id,
    coalesce(contract_type_label.label, '#' || ct.contract_type) as contract_type,
    t.project_id,
    coalesce(project.project_name, '#' || t.project_id) as project,
    t.ticket_id,
    coalesce(ticket.title, '#' || t.ticket_id) as ticket,
    t.task_id,
    t.time_entry_id,
    t.role_id,
    coalesce(role.name, '#' || t.role_id) as role,
    t.billing_code_id as work_type_id,
    coalesce(work_type.name, '#' || t.billing_code_id) as work_type,
    t.account_manager_when_approved_id as account_manager_id,
    coalesce(
        dataset.person(account_manager.first_name, account_manager.last_name),
        '#' || t.account_manager_when_approved_id
    ) as account_manager,
    t.invoice_id,
    coalesce(invoice.invoice_number, '#' || t.invoice_id) as invoice,
    invoice.invoice_number,
    t.item_date,
    t.posted_date,
    t.posted_on_time,
    (coalesce(t.non_billable, 0) = 0) as is_billable,
    (t.invoice_id is not null) as is_invoiced,
    coalesce(item_type_label.label ~* 'labou?r', false) as is_labor,
    coalesce(item_type_label.label ~* 'service|recurring', false) as is_recurring,
    coalesce(item_type_label.label ~* 'labou?r|service|recurring', false) as is_service,
    t.quantity,
    coalesce(t.internal_currency_rate, t.rate) as rate,
    coalesce(t.internal_currency_extended_price, t.extended_price) as extended_price,
    coalesce(t.internal_currency_total_amount, t.total_amount) as total_amount,
    coalesce(t.internal_currency_tax_dollars, t.tax_dollars) as tax_dollars,
    t.our_cost,
    coalesce(t.internal_currency_total_amount, t.total_amount) - coalesce(t.our_cost, 0) as margin,
    t.purchase_order_number,
    t.extra
from autotask.billing_items t
left join autotask.companies company
    on company.datasource_id = t.datasource_id and company.id = t.company_id
left join autotask.picklist_values item_type_label
    on item_type_label.datasource_id = t.datasource_id
        and item_type_label.entity = 'BillingItems'
        and item_type_label.field = 'billingItemType'
        and item_type_label.value = t.billing_item_type
left join autotask.picklist_values sub_type_label
    on sub_type_label.datasource_id = t.datasource_id
        and sub_type_label.entity = 'BillingItems'
        and sub_type_label.field = 'subType'
        and sub_type_label.value = t.sub_type
left join autotask.contracts contract
    on contract.datasource_id = t.datasource_id and contract.id = t.contract_id
left join autotask.contracts ct
    on ct.datasource_id = t.datasource_id and ct.id = t.contract_id
left join autotask.picklist_values contract_type_label
    on contract_type_label.datasource_id = t.datasource_id
        and contract_type_label.entity = 'Contracts'
        and contract_type_label.field = 'contractType'
        and contract_type_label.value = ct.contract_type
left join autotask.projects project
    on project.datasource_id = t.datasource_id and project.id = t.project_id
left join autotask.tickets ticket
    on ticket.datasource_id = t.datasource_id and ticket.id = t.ticket_id
left join autotask.roles role
    on role.datasource_id = t.datasource_id and role.id = t.role_id
left join autotask.billing_codes work_type
    on work_type.datasource_id = t.datasource_id and work_type.id = t.billing_code_id
left join autotask.resources account_manager
    on account_manager.datasource_id = t.datasource_id
        and account_manager.id = t.account_manager_when_approved_id
left join autotask.invoices invoice
    on invoice.datasource_id = t.datasource_id and invoice.id = t.invoice_id
where t.deleted_at is null;
