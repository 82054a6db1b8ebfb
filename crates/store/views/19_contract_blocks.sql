create view dataset.contract_blocks as
select
    t.datasource_id,
    t.id,
    t.contract_id,
    coalesce(ct.contract_name, '#' || t.contract_id) as contract,
    ct.company_id,
    coalesce(company.company_name, '#' || ct.company_id) as company,
    ct.contract_type as contract_type_id,
    coalesce(contract_type_label.label, '#' || ct.contract_type) as contract_type,
    ct.contract_category as contract_category_id,
    coalesce(contract_category_label.label, '#' || ct.contract_category) as contract_category,
    t.status as status_id,
    coalesce(status_label.label, '#' || t.status) as status,
    status_label.sort_order as status_order,
    t.payment_type as payment_type_id,
    coalesce(payment_type_label.label, '#' || t.payment_type) as payment_type,
    t.is_paid,
    t.start_date,
    t.end_date,
    t.date_purchased,
    t.end_date - w.today as days_to_end,
    (
        coalesce(t.status = 1 or status_label.label ~* '^active$', false)
        and coalesce(t.end_date >= w.today, true)
    ) as is_active,
    t.hours,
    t.hours_approved,
    t.hours - coalesce(t.hours_approved, 0) as hours_left,
    round(100 * coalesce(t.hours_approved, 0) / nullif(t.hours, 0), 2) as used_percentage,
    coalesce(used.hours_to_bill, 0) as hours_30d,
    round(
        (t.hours - coalesce(t.hours_approved, 0)) * 30 / nullif(used.hours_to_bill, 0),
        1
    ) as days_to_empty,
    t.hourly_rate,
    (t.hours - coalesce(t.hours_approved, 0)) * t.hourly_rate as value_left,
    t.invoice_number,
    t.payment_number,
    t.extra
from autotask.contract_blocks t
join dataset.workspace w on w.datasource_id = t.datasource_id
left join autotask.contracts ct
    on ct.datasource_id = t.datasource_id and ct.id = t.contract_id
-- Reckoned once for all contracts: a look-up for each would read the time of a month again for each.
left join (
    select e.datasource_id, e.contract_id, sum(e.hours_to_bill) as hours_to_bill
    from autotask.time_entries e
    join dataset.workspace w on w.datasource_id = e.datasource_id
    where e.deleted_at is null and e.date_worked > w.today - 30 and e.date_worked <= w.today
    group by e.datasource_id, e.contract_id
) used
    on used.datasource_id = t.datasource_id and used.contract_id = t.contract_id
left join autotask.companies company
    on company.datasource_id = t.datasource_id and company.id = ct.company_id
left join autotask.picklist_values contract_type_label
    on contract_type_label.datasource_id = t.datasource_id
        and contract_type_label.entity = 'Contracts'
        and contract_type_label.field = 'contractType'
        and contract_type_label.value = ct.contract_type
left join autotask.picklist_values contract_category_label
    on contract_category_label.datasource_id = t.datasource_id
        and contract_category_label.entity = 'Contracts'
        and contract_category_label.field = 'contractCategory'
        and contract_category_label.value = ct.contract_category
left join autotask.picklist_values status_label
    on status_label.datasource_id = t.datasource_id
        and status_label.entity = 'ContractBlocks'
        and status_label.field = 'status'
        and status_label.value = t.status
left join autotask.picklist_values payment_type_label
    on payment_type_label.datasource_id = t.datasource_id
        and payment_type_label.entity = 'ContractBlocks'
        and payment_type_label.field = 'paymentType'
        and payment_type_label.value = t.payment_type
where t.deleted_at is null;
